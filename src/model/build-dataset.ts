/** Datasets built: every column found, and refused unless it is safe to tell in the way that was declared. */
import { type Coarseness, Coarser, type Dataset, type DatasetColumns } from "./dataset.ts"
import { toNode } from "./expression.ts"
import type { ConsentInfo, EntityInfo, FieldInfo, Model } from "./model.ts"
import type { ProblemList } from "./model-error.ts"
import type { FieldKind } from "./value.ts"

/** A column of a dataset. */
export interface DatasetColumn {
  readonly name: string
  readonly role: "quasi" | "value"
  /** References that lead from the row to the field's. */
  readonly path: readonly FieldInfo[]
  readonly field: FieldInfo
  /** Of a range, the side. */
  readonly side: "from" | "to" | null
  readonly how: Coarseness
}

export interface DatasetInfo {
  readonly name: string
  readonly entity: EntityInfo
  readonly purpose: string
  readonly k: number
  readonly linked: "run" | "runs" | null
  /** Whose consents to the purpose are needed; null where none is. */
  readonly register: ConsentInfo | null
  readonly columns: readonly DatasetColumn[]
}

const optionNames = ["purpose", "k", "linked"]

/** All of them, by name; problems are added to the list, and then what is given is not to be used. */
export function buildDatasets(
  declared: Readonly<Record<string, Dataset>>,
  model: Model,
  problems: ProblemList,
): ReadonlyMap<string, DatasetInfo> {
  const found = Object.entries(declared).flatMap(([name, one]) => {
    const built = new DatasetBuild(name, model, problems).build(one)
    return built ? [[name, built] as const] : []
  })
  return new Map(found)
}

class DatasetBuild {
  private readonly name: string
  private readonly model: Model
  private readonly problems: ProblemList

  constructor(name: string, model: Model, problems: ProblemList) {
    this.name = name
    this.model = model
    this.problems = problems
  }

  build({ entity: declared, options, readQuasi, readValues }: Dataset): DatasetInfo | null {
    const { name, model } = this
    const entity = model.byName.get(declared.name)
    if (!entity) return this.refuse(`of ${declared.name}, which is not in the model`, "Add it to the model.")
    if (entity.view || entity.record)
      return this.refuse(
        `of ${entity.name}, which has no table of its own`,
        "Name the entity that it is made from.",
      )
    if (!/^[a-z][A-Za-z0-9]*$/.test(name))
      this.refuse("whose name is no file's name everywhere", "Call it like `visitsByMonth`.")
    const { purpose, k, linked = null } = options
    for (const one of Object.keys(options))
      if (!optionNames.includes(one))
        this.refuse(`with the option ${one}, which there is not`, `Options: ${optionNames.join(", ")}.`)
    if (!Number.isSafeInteger(k) || k < 2)
      this.refuse("whose k is below 2", "Say for how many people each line stands at least, such as `k: 5`.")
    if (linked !== null && linked !== "run" && linked !== "runs")
      this.refuse("with an unknown `linked`", 'Write "run" or "runs", or leave it out.')
    if (linked !== null && !entity.subject)
      this.refuse("whose rows are about nobody and so can't be linked by person", "Leave out `linked`.")
    const columns = [
      ...this.columns(entity, "quasi", readQuasi()),
      ...this.columns(entity, "value", readValues()),
    ]
    const names = columns.map((one) => one.name)
    for (const one of names)
      if (names.indexOf(one) !== names.lastIndexOf(one) || one === "pseudonym")
        this.problem(one, "is there twice", "Give one of the two another name; `pseudonym` is always there.")
    return { name, entity, purpose, k, linked, register: this.register(entity, purpose), columns }
  }

  /** A purpose that is misspelt must not pass for one that needs no consent. */
  private register(entity: EntityInfo, purpose: unknown): ConsentInfo | null {
    if (typeof purpose !== "string" || !/\S/.test(purpose))
      return this.refuse("without a purpose", 'Say what it is for, such as `purpose: "research"`.')
    const registers = this.model.entities.flatMap((one) =>
      entity.subject && one.consent?.person.reference?.entity === entity.subject.person ? [one.consent] : [],
    )
    const register = registers.find((one) => one.purposes.has(purpose))
    if (register) return register.purposes.get(purpose)!.isByConsent ? register : null
    if (registers.length === 0) return null
    const known = registers.flatMap((one) => [...one.purposes.keys()]).join(", ")
    return this.refuse(
      `for ${purpose}, which the register of consents does not know`,
      `Purposes: ${known}. Declare others with consentEntity(…), with the basis that they rest on.`,
    )
  }

  private columns(
    entity: EntityInfo,
    role: DatasetColumn["role"],
    declared: DatasetColumns,
  ): readonly DatasetColumn[] {
    return Object.entries(declared).flatMap(([name, said]) => {
      const how = said instanceof Coarser ? said.how : null
      const node = toNode(said instanceof Coarser ? said.value : said)
      if (node.kind !== "field") {
        this.problem(name, "is no field of the row", "Write `row.<field>`, or one of `by` over it.")
        return []
      }
      const found = this.find(name, entity, node.path)
      if (!found) return []
      const column = { name, role, ...found, how: how ?? plainHow(found.field) }
      for (const [why, mend] of problemsOf(column, entity)) this.problem(name, why, mend)
      return [column]
    })
  }

  private find(
    name: string,
    entity: EntityInfo,
    names: readonly string[],
  ): Pick<DatasetColumn, "path" | "field" | "side"> | null {
    const path: FieldInfo[] = []
    let place = entity
    for (const [at, one] of names.entries()) {
      const field = place.fieldByName.get(one)
      if (!field) {
        const fields = place.fields.map((other) => other.name).join(", ")
        return this.problem(name, `names ${one}, which ${place.name} does not have`, `Fields: ${fields}.`)
      }
      const rest = names.slice(at + 1)
      if (rest.length === 0) return { path, field, side: null }
      const [side] = rest
      if (field.kind.element && rest.length === 1 && (side === "from" || side === "to"))
        return { path, field, side }
      if (!field.reference)
        return this.problem(name, `goes on after ${one}, which is no reference`, "Name a field of the row.")
      path.push(field)
      place = field.reference.entity
    }
    return null
  }

  private refuse(why: string, mend: string): null {
    this.problems.add("UC420", `datasets.${this.name}`, { why, mend })
    return null
  }

  private problem(column: string, why: string, mend: string): null {
    this.problems.add("UC421", `datasets.${this.name}.${column}`, { why, mend })
    return null
  }
}

function plainHow(field: FieldInfo): Coarseness {
  const isKey = field.reference !== null || field.entity.key.includes(field) || field.kind.sqlType === "uuid"
  return { kind: isKey ? "pseudonym" : "as it is" }
}

const numeric = /^(smallint|integer|bigint|numeric(\(.*\))?)$/
const dated = /^(date|timestamptz)$/
const fits: Readonly<Record<Exclude<Coarseness["kind"], "as it is" | "pseudonym">, RegExp>> = {
  years: dated,
  months: dated,
  ages: /^date$/,
  prefix: /^text$/,
  steps: numeric,
}

type Problem = readonly [why: string, mend: string]

function problemsOf(column: DatasetColumn, entity: EntityInfo): readonly Problem[] {
  const { field, how, path, side } = column
  const kind = kindOf(column)
  if (field.classification === "secret") return [["is secret", "Leave it out."]]
  if (field.encrypted) return [["is encrypted: the database can't read it", "Leave it out."]]
  const whose = field.entity.subject
  const isOwn = path.every((one, at) => one === entity.subject?.path[at])
  if (whose && (!entity.subject || !isOwn))
    return [
      [
        `is about another person than the row: the way to ${whose.person.name} that counts is \`subject\``,
        "Name fields of the row, of its person, or of what is about nobody.",
      ],
    ]
  if (how.kind === "pseudonym") {
    if (!field.reference?.entity.subject && !(whose && field.entity.key.includes(field))) return []
    return [
      [
        "would tie rows of one person together",
        'Leave it out: `linked: "run"` gives rows a pseudonym of their person.',
      ],
    ]
  }
  if (how.kind !== "as it is") {
    const isFit = fits[how.kind].test(kind.sqlType) && !isChoice(kind)
    if (!isFit || (side === null && field.kind.element))
      return [[`can't be told by ${how.kind}: it is ${field.kind.name}`, generalising(kind)]]
    if (!isAmount(how)) return [[`is told by ${how.kind} of no amount`, "Give a number above 0."]]
  }
  return column.role === "quasi" ? quasiProblems(column, kind) : valueProblems(column, kind)
}

function quasiProblems({ field, how }: DatasetColumn, kind: FieldKind): readonly Problem[] {
  if (how.kind !== "as it is" || isFew(kind)) return []
  if (isPersonal(field)) return [[`is ${field.classification}, and told as it is`, generalising(kind)]]
  return isPlain(field, kind) ? [] : [["is told too exactly", generalising(kind)]]
}

function valueProblems({ field, how }: DatasetColumn, kind: FieldKind): readonly Problem[] {
  const isUnique = field.unique || field.entity.unique.some((one) => one.length === 1 && one[0] === field)
  if (isUnique) return [["is unique, and so names its row", "Leave it out."]]
  const quasi: Problem = ["could point to a person", `Put it under \`quasi\`. ${generalising(kind)}`]
  if (field.classification === "personal") return [quasi]
  if (how.kind === "steps") return []
  return how.kind === "as it is" && isPlain(field, kind) ? [] : [quasi]
}

function kindOf({ field, side }: DatasetColumn): FieldKind {
  return side === null ? field.kind : field.kind.element!
}

function isPersonal({ classification }: FieldInfo): boolean {
  return classification === "personal" || classification === "special"
}

function isChoice(kind: FieldKind): boolean {
  return Array.isArray(kind.schema().enum)
}

function isFew(kind: FieldKind): boolean {
  return kind.sqlType === "boolean" || (kind.sqlType === "text" && isChoice(kind))
}

/** What can't hold a name, a place or a moment; free text only where it is public. */
function isPlain({ classification }: FieldInfo, kind: FieldKind): boolean {
  return isFew(kind) || numeric.test(kind.sqlType) || (classification === "public" && kind.sqlType === "text")
}

/** What is no number would end up in SQL. */
function isAmount(how: Coarseness): boolean {
  if (!("of" in how)) return true
  return (how.kind === "steps" ? Number.isFinite(how.of) : Number.isSafeInteger(how.of)) && how.of > 0
}

function generalising(kind: FieldKind): string {
  if (kind.sqlType === "date") return "Tell it by.years(…), by.months(…) or by.ages(…)."
  if (dated.test(kind.sqlType)) return "Tell it by.years(…) or by.months(…)."
  if (numeric.test(kind.sqlType)) return "Tell it by.steps(…), such as by.steps(row.weight, 5)."
  if (kind.element) return "Leave it out, or of a range tell `.from` or `.to` by.months(…)."
  return kind.sqlType === "text" && !isChoice(kind)
    ? "Tell it by.prefix(…), or leave it out."
    : "Tell it as it is under `quasi`, or leave it out."
}
