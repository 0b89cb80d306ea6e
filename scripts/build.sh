#!/bin/sh
# Compiles beside dist and then swaps: no stale file stays, a type error leaves the last good build,
# and a daemon that runs from dist misses its files for an instant only. Meanwhile the demo's history is made.
set -e
out=".dist.$$"
trap 'wait; rm -rf "$out" "$out.demo"' EXIT
tsc -p tsconfig.build.json --outDir "$out" &
tsc -p tsconfig.demo.json --outDir "$out.demo"
node "$out.demo/make-demo.js" "$out/demo"
wait $!
rm -rf dist
mv "$out" dist
