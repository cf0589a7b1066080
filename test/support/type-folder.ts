/** A folder in which TypeScript finds this repository's packages: programs in it are compiled, and run. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const options = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "dom"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
}

export interface TypeFolder {
  readonly path: string
  write(name: string, text: string): Promise<void>
  /** What the compiler says; nothing where it is content. */
  compile(): Promise<string>
  /** Runs a program, and gives what it prints. */
  run(name: string, ...line: readonly string[]): Promise<string>
  remove(): Promise<void>
}

export async function makeTypeFolder(): Promise<TypeFolder> {
  const folder = await mkdtemp(join(root, "examples/.types-"))
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  await write("tsconfig.json", JSON.stringify({ ...options, include: [join(folder, "*.ts")] }))
  await write("package.json", '{ "type": "module" }')
  return {
    path: folder,
    write,
    compile: () => run(folder, join(root, "node_modules/typescript/bin/tsc"), "-p", folder).catch(String),
    run: (name, ...line) => run(folder, join(folder, name), ...line),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function run(cwd: string, ...line: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, line, { cwd, env: { PATH: process.env["PATH"] } }, (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`)) : resolve(stdout),
    )
  })
}
