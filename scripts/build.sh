#!/bin/sh
# Compiles beside dist and then swaps: no stale file stays, a type error leaves the last good build,
# and a daemon that runs from dist misses its files for an instant only.
set -e
out=".dist.$$"
trap 'rm -rf "$out"' EXIT
tsc -p tsconfig.build.json --outDir "$out"
rm -rf dist
mv "$out" dist
