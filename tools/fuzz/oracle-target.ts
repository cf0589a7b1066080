/** A target without a database: it answers as the oracle does from the policies it was loaded with, planted bugs and all. */
import type { CallerDescription, OperationDescription, Rows } from "./description.ts"
import { type MakeView, Oracle } from "./oracle.ts"
import type { RestRequest } from "./rest-request.ts"
import { shapeOf } from "./shape.ts"
import type { Loading, RestAnswer, Target } from "./target.ts"

const messages: Readonly<Record<string, string>> = {
  "42703": "column does not exist",
  PGRST204: "Could not find the column",
}

export class OracleTarget implements Target {
  private readonly makeView: MakeView | undefined
  private oracle: Oracle | null = null
  private rows: Rows = {}

  /** `makeView` gives what callers see, in place of the honest view. */
  constructor(makeView?: MakeView) {
    this.makeView = makeView
  }

  async load({ declared, ddlPolicies }: Loading): Promise<void> {
    this.oracle = new Oracle(ddlPolicies, shapeOf(declared.description), this.makeView)
    this.rows = {}
  }

  async fill(rows: Rows): Promise<void> {
    this.rows = rows
  }

  async request(
    caller: CallerDescription,
    _request: RestRequest,
    operation: OperationDescription,
  ): Promise<RestAnswer> {
    if (!this.oracle) throw new Error("no model is loaded")
    const { answer, refusals, rows, open } = this.oracle.expect(
      this.oracle.view(this.rows, caller),
      operation,
    )
    if (open) return refusal(409, "open")
    if (!answer) return refusal(400, [...refusals][0] ?? "unknown")
    this.rows = rows
    return {
      status: answer.status,
      headers: answer.range === null ? {} : { "content-range": answer.range },
      body: answer.body === undefined ? "" : JSON.stringify(answer.body),
    }
  }

  async dump(): Promise<Rows> {
    return this.rows
  }

  async close(): Promise<void> {
    this.oracle = null
  }
}

function refusal(status: number, code: string): RestAnswer {
  return {
    status,
    headers: {},
    body: JSON.stringify({ code, message: messages[code] ?? code, details: null, hint: null }),
  }
}
