/**
 * An export is made while it is fetched, and fetched once: there is no file of it that an erasure could miss, and nothing to be
 * stolen. What is granted is a while in which it can be fetched (GDPR Art. 15 and 20).
 */
import { once } from "node:events"
import { PassThrough, Readable } from "node:stream"
import { finished, pipeline } from "node:stream/promises"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model, RequestInfo } from "../model/model.ts"
import { atOneMoment } from "../store/export-rows.ts"
import { findSubject, subjectsOf } from "../store/find-subject.ts"
import { asInternal, type InternalSession } from "../store/internal-session.ts"
import { fetchable, stepRequest } from "../store/privacy-requests.ts"
import { exportArchive } from "./export-archive.ts"
import type { ToldProcessing } from "./export-page.ts"

export interface FetchParts {
  readonly adminUrl: string
  readonly name: string
  readonly model: Model
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  readonly processing: ToldProcessing | null
}

/** Told whose data goes out, before the first byte does. */
export type RecordFetch = (subjects: readonly string[]) => Promise<void>

/** Each holds two connections, and a moment of the database. */
const mostAtOnce = 4
/** Who takes longer holds a moment of the database for too long, and starts anew. */
const longestMs = 10 * 60_000

/** Makes exports as they are fetched. */
export class ExportFetcher {
  private readonly parts: FetchParts
  private readonly underway = new Set<PassThrough>()

  constructor(parts: FetchParts) {
    this.parts = parts
  }

  /** The archive's bytes, for the person with this account, or for whoever may fetch all (null). Throws UC406 to UC408 and what the export throws, before the first of them. */
  async fetch(
    register: RequestInfo,
    id: string,
    account: string | null,
    record: RecordFetch,
  ): Promise<Readable> {
    if (this.underway.size >= mostAtOnce) throw new UndercroftError("UC408", {}, { retryAfter: 60 })
    const out = new PassThrough()
    this.underway.add(out)
    const late = setTimeout(() => out.destroy(new Error("it took too long")), longestMs)
    const made = this.write(register, id, account, out, record).finally(() => {
      clearTimeout(late)
      this.underway.delete(out)
    })
    // What fails before there is a byte is an answer; after that the stream breaks off.
    made.catch((cause: Error) => out.destroy(cause))
    await Promise.race([once(out, "readable"), made])
    return out
  }

  /** Breaks off what is under way: it can be fetched from another process. */
  stop(): void {
    for (const one of this.underway) one.destroy(new Error("the server stops"))
  }

  private async write(
    register: RequestInfo,
    id: string,
    account: string | null,
    out: PassThrough,
    record: RecordFetch,
  ): Promise<void> {
    await asInternal(this.parts.adminUrl, async (keeper) => {
      const lock = "select pg_try_advisory_lock(hashtextextended($1, 0)) as mine"
      const { rows } = await keeper.query(lock, [`undercroft privacy export ${id}`])
      if (!rows[0].mine) throw new UndercroftError("UC407")
      const request = await fetchable(keeper, register, id)
      if (!request || (account !== null && request.account !== account)) throw new UndercroftError("UC406")
      await record(subjectsOf(await findSubject(keeper, this.parts.model, request.subject)))
      await stepRequest(keeper, register, id, { status: "running" })
      try {
        await this.stream(keeper, register, id, request.subject, out)
      } catch (cause) {
        // It was not fetched, and can be.
        await stepRequest(keeper, register, id, { status: "granted" })
        throw cause
      }
      await stepRequest(keeper, register, id, { status: "done", answer: null })
    })
  }

  private stream(
    keeper: InternalSession,
    register: RequestInfo,
    id: string,
    subject: string,
    out: PassThrough,
  ): Promise<void> {
    const { adminUrl, ...parts } = this.parts
    const tables = parts.model.entities.length + 1
    return atOneMoment(adminUrl, async (session) => {
      const whom = await findSubject(session, parts.model, subject)
      const onTable = async (done: number): Promise<void> => {
        const progress = Math.min(99, Math.round((100 * done) / tables))
        await stepRequest(keeper, register, id, { progress })
      }
      const bytes = exportArchive({ ...parts, session, whom, onTable })
      // It is fetched when all was taken, not when all was made.
      await Promise.all([pipeline(Readable.from(bytes, { objectMode: false }), out), finished(out)])
    })
  }
}
