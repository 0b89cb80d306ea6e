import { longestCommand, usualLimits } from '../../src/daemon/http/limits.ts'
import type { Route } from '../../src/daemon/http/route.ts'
import type { ErrorCode } from '../../src/error-catalogue.ts'
import { largestBody } from '../../src/ingest/batch/parts.ts'

/** Errors that any request may meet. */
const anywhere: readonly ErrorCode[] = [
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'VERSION_MISMATCH',
  'TOO_LARGE',
  'REQUEST_TIMEOUT',
  'SPOOL_FULL',
  'MEDIA_TYPE_UNSUPPORTED',
  'DAEMON_UNREACHABLE',
  'INTERNAL',
]

/** The page `docs/http.md`: who is let in, what a request may take, every route. */
export function renderHttpDoc(routes: readonly Route[]): string {
  const { connections, headerBytes, headerMs, bodyIdleMs, bodyMs, heldBodyBytes, keepAliveMs, graceMs } = usualLimits
  return `# HTTP

This page is written by \`npm run docs\` from \`src/daemon/http/routes.ts\`.

The daemon answers HTTP/1.1 at two doors with the same routes:

* a unix socket, \`run/hyp.sock\` in the home (in a private folder of its own where that path would be too long). Only the
  owner of the home can open it, and nothing else is asked for. The commands of \`hyp\` use it.
* a port on 127.0.0.1, for programs that cannot open a socket. It is any free one, or that of \`--port\` or \`HYP_PORT\`.

\`run/daemon.json\` says where: \`socket\`, \`port\` and \`tokenFile\`. Nothing listens at an address that another machine
could reach. After \`hyp start --port 7373\`:

\`\`\`sh
cd ~/.local/share/hyp/run
curl --unix-socket hyp.sock http://hyp/v1/status
curl -H "Authorization: Bearer $(cat token)" http://127.0.0.1:7373/v1/status
\`\`\`

## Who is let in

| at | a request | is answered |
|---|---|---|
| the port | whose \`Host\` is not \`127.0.0.1:PORT\` or \`localhost:PORT\`, or that has none or two | 403 FORBIDDEN |
| both | with an \`Origin\` other than \`http://127.0.0.1:PORT\` and \`http://localhost:PORT\`, whatever its method | 403 FORBIDDEN |
| both | with a \`Sec-Fetch-Site\` other than \`none\` and \`same-origin\` | 403 FORBIDDEN |
| the port | without \`Authorization: Bearer\` and the text of \`run/token\` | 401 UNAUTHORIZED |

All of that is looked at before a byte of the body is read. No answer has a header that would allow a page of another origin
to read it, and every one has \`cache-control: no-store\`, \`x-content-type-options: nosniff\` and
\`cross-origin-resource-policy: same-origin\`.

The token is 32 random bytes in base64url, made at the first start and kept until somebody removes its file; the next start
then makes a new one. A token file that others can read, or that holds something else, is replaced at the start, and the
daemon says so: what others may have read opens nothing any more.

## Requests and answers

The body of a command is a JSON object and may be left out. An answer is one JSON document, described in [json.md](json.md),
except where the route says otherwise. HEAD is answered wherever GET is. Each answer to a request that was let in has
\`hyp-version\`, \`hyp-pid\` and \`hyp-home\`; the last tells homes apart and says nothing of where they are. A request for a
route below \`/v1/\` may name its own version in \`hyp-version\`: another one than the daemon's is refused with 409
VERSION_MISMATCH, as commands of another version are.

An error is a document too, with its code, and [errors.md](errors.md) has all of them:

\`\`\`json
{ "error": { "code": "NOT_FOUND", "message": "…", "hint": "…", "details": {}, "docs": "docs/errors.md#NOT_FOUND" } }
\`\`\`

Any request may meet ${anywhere.map(link).join(', ')}. No error says what stood in a body. One with status 405 names the
methods in \`allow\`, one with 429 says in \`retry-after\` after how many seconds to try again.

## Limits

| what | limit | beyond it |
|---|---|---|
| connections, at each door | ${connections} | closed at once |
| headers | ${kib(headerBytes)} | 413 TOO_LARGE |
| time for the headers | ${seconds(headerMs)} | 408 REQUEST_TIMEOUT |
| body of a command | ${kib(longestCommand)} | 413 TOO_LARGE |
| body of rows | ${mib(largestBody)} | 413 TOO_LARGE |
| time for a body | ${seconds(bodyMs)}, and ${seconds(bodyIdleMs)} without a byte of it | 408 REQUEST_TIMEOUT |
| all bodies that are being read or worked on | ${mib(heldBodyBytes)} | 429 SPOOL_FULL |
| a connection without a request | ${seconds(keepAliveMs)} | closed |
| requests under way when the daemon stops | ${seconds(graceMs)} | closed |

A body that says its length is judged by it before it is read; who sends \`expect: 100-continue\` learns of a refusal before he
has sent anything. After a refusal with a body unread the connection is closed. Bodies are taken as they are: one with a
\`content-encoding\` is refused.

## Routes

| route | what it does | errors of its own |
|---|---|---|
${routes.map(row).join('\n')}
`
}

function row({ method, path, doc, errors }: Route): string {
  return `| \`${method} ${path}\` | ${doc} | ${errors.map(link).join(', ')} |`
}

function link(code: ErrorCode): string {
  return `[${code}](errors.md#${code.toLowerCase()})`
}

function kib(bytes: number): string {
  return `${bytes / 1024} KiB`
}

function mib(bytes: number): string {
  return `${bytes / 1024 / 1024} MiB`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
