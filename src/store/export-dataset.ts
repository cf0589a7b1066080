/** Reads a dataset at one moment: what was counted, and its rows a few at a time, so that it may be of any size. */
import type pg from "pg"
import type { DatasetInfo } from "../model/build-dataset.ts"
import { type DatasetCounts, datasetStatements } from "../sql/dataset.ts"
import { atOneMoment } from "./export-rows.ts"

/** A row before its pseudonyms are made: who it is of, its cells as texts, and the same as JSON. */
export interface DatasetRow {
  readonly who: string
  readonly cells: readonly (string | null)[]
  readonly json: readonly (string | null)[]
}

export interface ReadDataset {
  readonly counts: DatasetCounts
  readonly rows: AsyncIterable<readonly DatasetRow[]>
}

/** Does work with a dataset while the moment lasts. Throws UC520. */
export async function readDataset<T>(
  adminUrl: string,
  info: DatasetInfo,
  work: (read: ReadDataset) => Promise<T>,
): Promise<T> {
  const { counts, rows } = datasetStatements(info)
  return atOneMoment(adminUrl, async (session) => {
    const found = await session.query(counts)
    return work({ counts: found.rows[0].counts, rows: each(session, rows) })
  })
}

async function* each(session: pg.Client, text: string): AsyncGenerator<readonly DatasetRow[]> {
  await session.query(`declare undercroft_dataset no scroll cursor for ${text}`)
  for (;;) {
    const { rows } = await session.query("fetch 1000 from undercroft_dataset")
    if (rows.length === 0) break
    yield rows as DatasetRow[]
  }
  await session.query("close undercroft_dataset")
}
