import { routes } from '../../src/daemon/http/routes.ts'
import { errorCatalogue } from '../../src/error-catalogue.ts'
import { renderColumnsDoc } from '../../src/schema/docs/columns.ts'
import { renderRulesDoc } from '../../src/schema/docs/rules.ts'
import { renderCliDoc } from './cli.ts'
import { renderDeclarationSchema } from './declaration-schema.ts'
import { renderErrorsDoc } from './errors.ts'
import { renderHttpDoc } from './http.ts'
import { renderMetricsDoc } from './metrics.ts'

/** The pages of `docs/` that are written from the source; `test/docs` checks that they are as new as it. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/cli.md': renderCliDoc,
  'docs/columns.md': renderColumnsDoc,
  'docs/declaration.schema.json': renderDeclarationSchema,
  'docs/http.md': () => renderHttpDoc(routes),
  'docs/metrics.md': renderMetricsDoc,
  'docs/rules.md': renderRulesDoc,
  'docs/errors.md': () => renderErrorsDoc(errorCatalogue),
}
