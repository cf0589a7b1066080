/** Writes a dataset: CSV, JSON lines and the report, in a folder that is there when all of it is (GDPR Art. 25 and 89). */
import { createHmac, hkdfSync, randomBytes } from "node:crypto"
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import type { DatasetInfo } from "../model/build-dataset.ts"
import { type DatasetRow, readDataset } from "../store/export-dataset.ts"
import { type DatasetReport, datasetReport } from "./dataset-report.ts"
import { csvLine } from "./export-csv.ts"

export interface DatasetParts {
  readonly adminUrl: string
  readonly info: DatasetInfo
  /** Of the backend; pseudonyms that are the same in all runs come from it. */
  readonly secret: string | undefined
  /** The folder, which is made. */
  readonly out: string
}

/** Throws UC422 where the folder can't be made, UC423 where there is no secret and it is needed, UC520. */
export async function writeDataset({ adminUrl, info, secret, out }: DatasetParts): Promise<DatasetReport> {
  const key = pseudonymKey(info, secret)
  if (await stat(out).catch(() => null)) throw new UndercroftError("UC422", { out, why: "is there already" })
  const unfinished = `${out}.unfinished-${randomBytes(6).toString("hex")}`
  try {
    await mkdir(unfinished, { mode: 0o700 })
    const report = await writeInto(unfinished, { adminUrl, info, key })
    await rename(unfinished, out)
    return report
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined)
    const { code } = cause as NodeJS.ErrnoException
    if (cause instanceof UndercroftError || !code?.startsWith("E")) throw cause
    throw new UndercroftError("UC422", { out, why: `can't be written (${code})` }, { cause })
  }
}

interface WriteParts {
  readonly adminUrl: string
  readonly info: DatasetInfo
  readonly key: Buffer
}

async function writeInto(folder: string, { adminUrl, info, key }: WriteParts): Promise<DatasetReport> {
  const names = ["pseudonym", ...info.columns.map((one) => one.name)]
  const make = (ending: string): Promise<FileHandle> =>
    open(join(folder, `${info.name}.${ending}`), "wx", 0o600)
  await using csv = await make("csv")
  await using lines = await make("jsonl")
  // The files are closed where this function ends.
  return await readDataset(adminUrl, info, async ({ counts, rows }) => {
    await csv.write(csvLine(names))
    for await (const some of rows) {
      const told = some.map((one) => withPseudonyms(one, info, key))
      await csv.write(told.map(({ cells }) => csvLine(cells)).join(""))
      await lines.write(told.map(({ json }) => jsonLine(names, json)).join(""))
    }
    const report = datasetReport(info, counts, new Date().toISOString())
    await writeFile(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 })
    return report
  })
}

function withPseudonyms(row: DatasetRow, { columns }: DatasetInfo, key: Buffer): Omit<DatasetRow, "who"> {
  const own = pseudonymOf(row.who, key)
  const hidden = row.cells.map((one, at) =>
    one !== null && columns[at]!.how.kind === "pseudonym" ? pseudonymOf(one, key) : null,
  )
  return {
    cells: [own, ...row.cells.map((one, at) => hidden[at] ?? one)],
    json: [own, ...hidden].map((one, at) => (one === null ? row.json[at - 1]! : JSON.stringify(one))),
  }
}

function jsonLine(names: readonly string[], json: readonly (string | null)[]): string {
  return `{${names.map((one, at) => `${JSON.stringify(one)}:${json[at] ?? "null"}`).join(",")}}\n`
}

/** 128 bits of an HMAC; the letter keeps spreadsheets from taking it for a number. */
function pseudonymOf(key: string, secret: Buffer): string {
  return `p${createHmac("sha256", secret).update(key).digest("hex").slice(0, 32)}`
}

/** One key, one purpose: thrown away after the run, or made of the secret for this dataset alone. */
function pseudonymKey({ name, linked }: DatasetInfo, secret: string | undefined): Buffer {
  if (linked !== "runs") return randomBytes(32)
  if (!secret || Buffer.byteLength(secret) < 32) throw new UndercroftError("UC423", { name })
  return Buffer.from(hkdfSync("sha256", secret, "", `undercroft dataset pseudonyms ${name}`, 32))
}
