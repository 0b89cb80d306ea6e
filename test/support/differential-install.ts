import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What is fetched, and no other version: refusals are compared, and they are code of a version. */
const libraries: readonly (readonly [group: string, artifact: string, version: string])[] = [
  ['org.apache.iceberg', 'iceberg-data', '1.12.0'],
  ['org.apache.iceberg', 'iceberg-parquet', '1.12.0'],
  // What reads a directory of tables is written against Hadoop's file systems.
  ['org.apache.hadoop', 'hadoop-client-runtime', '3.4.2'],
  ['org.slf4j', 'slf4j-nop', '2.0.17'],
]
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

const folder = join(import.meta.dirname, '..', '..', '.scratch', 'differential')
const source = join(import.meta.dirname, 'differential-java', 'Main.java')

/** How the Java program is started. */
export interface JavaProgram {
  readonly command: string
  readonly args: readonly string[]
}

const run = promisify(execFile)

/**
 * Fetches Java's Iceberg into `.scratch/differential` and compiles the program
 * that speaks to it, unless both are there.
 * @returns how it is started, or the reason why it cannot be
 */
export async function installJava(): Promise<JavaProgram | { readonly missing: string }> {
  try {
    await mkdir(folder, { recursive: true })
    const pom = pomText()
    const place = join(folder, digest(pom, await readFile(source, 'utf8')))
    if (!existsSync(place)) await build(pom, place)
    const libraryPath = await readFile(join(place, 'classpath'), 'utf8')
    // One request is answered in a millisecond: what counts is how soon the program is there.
    const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
    return { command: 'java', args: [...options, '-cp', `${join(place, 'classes')}:${libraryPath}`, 'Main'] }
  } catch (error) {
    return { missing: reason(error) }
  }
}

/** Builds beside its place and moves it there whole: an interrupted or second build leaves nothing half done. */
async function build(pom: string, place: string): Promise<void> {
  const draft = await mkdtemp(join(folder, 'draft-'))
  try {
    await writeFile(join(draft, 'pom.xml'), pom)
    const classpath = join(draft, 'classpath')
    await run('mvn', [
      '--batch-mode',
      '--quiet',
      `--file=${join(draft, 'pom.xml')}`,
      `-Dmaven.repo.local=${join(folder, 'repository')}`,
      `${dependencyPlugin}:build-classpath`,
      `-Dmdep.outputFile=${classpath}`,
    ])
    const classes = join(draft, 'classes')
    await run('javac', ['--release', '17', '-cp', await readFile(classpath, 'utf8'), '-d', classes, source])
    await rename(draft, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

function pomText(): string {
  const dependencies = libraries.map(
    ([group, artifact, version]) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>` +
      // ORC files are none of ours.
      '<exclusions><exclusion><groupId>org.apache.orc</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>',
  )
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>hyp</groupId><artifactId>differential</artifactId><version>1</version>',
    '  <dependencies>',
    ...dependencies,
    '  </dependencies>',
    '</project>',
    '',
  ].join('\n')
}

function digest(...texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16)
}

function reason(error: unknown): string {
  const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string }
  const lines = `${stdout ?? ''}\n${stderr ?? ''}`.split('\n').filter(line => line.includes('ERROR'))
  return lines[0] ?? message
}
