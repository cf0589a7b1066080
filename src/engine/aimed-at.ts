/** At whom an operation aims that is refused: the keys that it names, and the person of a row that it would insert. Keys are no personal values. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Operation } from "../query/operation.ts"

/** What of an entry says whose data it would have been. */
export interface AimedAt {
  readonly rows?: readonly string[]
  readonly subjects?: readonly string[]
}

/** No more than somebody would read. */
const mostRows = 20

const plainKeys: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  integer: /^-?\d{1,10}$/,
  bigint: /^-?\d{1,19}$/,
}

/** A key of another kind may be a name or a number of somebody, and stays out; so does what is no key. */
export function aimedAt(operation: Operation, entity: EntityInfo | undefined): AimedAt {
  const [key] = entity?.key ?? []
  if (!entity || entity.view || !key || entity.key.length !== 1) return {}
  if (operation.kind === "insert") return aimOfInsert(operation, entity)
  const rows = operation.query.where.flatMap((one) => {
    const isKey = one.kind === "compare" && !one.negated && one.path.name === key.name
    if (!isKey || (one.operator !== "eq" && one.operator !== "in")) return []
    return keysOf(key, operation.values[one.value])
  })
  if (rows.length === 0) return {}
  const { subject } = entity
  return { rows, ...(subject?.path.length === 0 ? { subjects: named(subject.person, rows) } : {}) }
}

function aimOfInsert(operation: Operation & { readonly kind: "insert" }, { subject }: EntityInfo): AimedAt {
  const [step, ...further] = subject?.path ?? []
  if (!subject || !step || further.length > 0) return {}
  const sent = operation.values[operation.rows]
  const rows = Array.isArray(sent) ? (sent as readonly unknown[]) : []
  const keys = rows.map((one) => (typeof one === "object" && one !== null ? (one as never)[step.name] : null))
  const people = keysOf(subject.person.key[0]!, keys)
  return people.length > 0 ? { subjects: named(subject.person, people) } : {}
}

function keysOf({ kind }: FieldInfo, value: unknown): readonly string[] {
  const form = plainKeys[kind.sqlType]
  const texts = [value].flat().filter((one) => typeof one === "string" || typeof one === "number")
  const keys = form ? texts.map(String).filter((one) => form.test(one)) : []
  return [...new Set(keys.map((one) => one.toLowerCase()))].slice(0, mostRows)
}

function named({ name }: EntityInfo, keys: readonly string[]): readonly string[] {
  return keys.map((one) => `${name}:${one}`)
}
