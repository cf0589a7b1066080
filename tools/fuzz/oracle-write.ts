/** What a write should do: which rows it may touch, what refuses it, and how the tables stand afterwards. */
import type { CallerView } from "./caller-view.ts"
import { findByKey, findConflict, identityOf, uniquesOf } from "./constraints.ts"
import type { OperationDescription, Row, Rows } from "./description.ts"
import { columnsOf, readBody } from "./oracle-body.ts"
import { deleteRows } from "./oracle-delete.ts"
import { embedsUnreadable, isNever, passesFilters, queryProblems, readRows } from "./oracle-read.ts"
import {
  anyRefusal,
  badValueCodes,
  encryptedCode,
  notNullCode,
  policyCode,
  referenceCodes,
  referredCodes,
  uniqueCode,
} from "./semantics.ts"
import { type EntityShape, entityOf, fieldOf, isEncrypted } from "./shape.ts"
import { subjectOf } from "./subjects.ts"

export interface WriteResult {
  /** Null where the write can't succeed. */
  readonly done: {
    readonly rows: Rows
    readonly json: readonly unknown[]
    readonly affected: number
    /** Whether a row was made. */
    readonly isNew: boolean
  } | null
  /** The codes that a refusal may have; with `done` either is right. */
  readonly refusals: ReadonlySet<string>
  /** Why the model does not say what becomes of this write, so that nothing is compared. */
  readonly open: string | null
}

interface Change {
  readonly before: Row | null
  readonly after: Row
}

export function writeRows(view: CallerView, operation: OperationDescription): WriteResult {
  const shape = entityOf(view.shapes, operation.entity)
  if (shape.view) return refused([anyRefusal])
  const body =
    operation.kind === "delete" ? { values: [], codes: new Set<string>() } : readBody(view, shape, operation)
  const problems = new Set([...body.codes, ...queryProblems(view, shape, operation.query)])
  for (const name of operation.onConflict ?? []) {
    if (!view.exists(shape.name, name)) problems.add("42703")
    else if (isEncrypted(fieldOf(shape, name))) problems.add(encryptedCode)
  }
  const policy = view.policy(shape.name)
  // Where no one may, a missing privilege may refuse before anything is looked at.
  const denied =
    isNever(
      { insert: policy.create, update: policy.updateFrom, delete: policy.delete, read: policy.read }[
        operation.kind
      ],
    ) ||
    isNever(policy.read) ||
    embedsUnreadable(view, shape, operation.query)
  // A value that is to be encrypted is looked at when it is, for a row.
  const isValue = [...problems].every((code) => code === notNullCode || badValueCodes.includes(code))
  if (operation.kind === "update" && body.codes.size > 0 && isValue) {
    if (sealsSome(shape, operation) && touchedBy(view, shape, operation).length === 0)
      return {
        ...update(view, shape, operation, {}),
        refusals: new Set(denied ? [...problems, policyCode] : problems),
      }
  }
  // What is seen to be there is not sent where something is encrypted, so a wrong value of it may pass unseen: nothing is done.
  if (operation.conflict === "ignore" && body.codes.size > 0 && isValue && sealsSome(shape, operation)) {
    const target = operation.onConflict ?? shape.key
    if ((operation.rows ?? []).some((row) => findConflict(shape, target, row, view.rows[shape.name] ?? [])))
      return { done: null, refusals: problems, open: "what is asked of a row that is there already" }
  }
  if (problems.size === 1 && problems.has(notNullCode))
    for (const code of unseenCodes(view, shape, operation)) problems.add(code)
  if (problems.size > 0) return refused(denied ? [...problems, policyCode] : problems)
  const result =
    operation.conflict !== undefined
      ? upsert(view, shape, operation, body.values)
      : operation.kind === "insert"
        ? insert(view, shape, operation, body.values)
        : operation.kind === "update"
          ? update(view, shape, operation, body.values[0] ?? {})
          : remove(view, shape, operation)
  // Where rows are counted that an inner embed leaves out, the count may refuse before the write does.
  const isCounted =
    operation.single &&
    result.refusals.size > 0 &&
    operation.query.select.some((item) => "embed" in item && item.inner)
  // What PostgreSQL asks of a row before it merges is more than the rules say; that it may refuse is left open.
  const isDenied = denied || operation.conflict === "merge"
  const more = [...(isDenied ? [policyCode] : []), ...(isCounted ? ["PGRST116"] : [])]
  return more.length > 0 ? { ...result, refusals: new Set([...result.refusals, ...more]) } : result
}

/** Whether a write sends a field that is encrypted. */
function sealsSome(shape: EntityShape, operation: OperationDescription): boolean {
  return columnsOf(operation).some((name) =>
    shape.fields.some((one) => one.name === name && isEncrypted(one)),
  )
}

function refused(codes: Iterable<string>): WriteResult {
  return { done: null, refusals: new Set(codes), open: null }
}

function insert(
  view: CallerView,
  shape: EntityShape,
  operation: OperationDescription,
  values: readonly Row[],
): WriteResult {
  const changes = values.map((value) => ({ before: null, after: value }))
  const named = columnsOf(operation)
  const codes = new Set<string>()
  const made: Row[] = []
  let open: string | null = shape.fields.some(
    (field) => field.isKey && field.said === null && !named.includes(field.name),
  )
    ? "a key that the database makes"
    : null
  for (const change of changes) {
    const gate = changeProblems(view, shape, change, named, (row) =>
      view.holds(view.policy(shape.name).create, row),
    )
    if (operation.returning !== "minimal" && !view.canRead(shape.name, change.after)) gate.add(policyCode)
    if (referencesOwn(shape, change.after, values)) open = "a row that refers to a row of the same insert"
    // A value that is missing is found before or after the policy; what other rows have, only after it.
    const own = nullProblems(shape, change.after)
    for (const code of [...gate, ...own]) codes.add(code)
    if (gate.size > 0) break
    const twin = uniquesOf(shape).some(({ names }) =>
      findConflict(shape, names, change.after, [...(view.rows[shape.name] ?? []), ...made]),
    )
    if (twin) codes.add(uniqueCode)
    if (codes.size > 0) break
    made.push(change.after)
  }
  const later = values.slice(made.length + 1)
  if (codes.size > 0 && later.length > 0) {
    // Whether the rest is looked at first is the engine's affair.
    for (const row of later)
      for (const code of changeProblems(view, shape, { before: null, after: row }, named, (one) =>
        view.holds(view.policy(shape.name).create, one),
      ))
        codes.add(code)
  }
  if (codes.size > 0 || open) return { done: null, refusals: codes, open }
  return finish(view, shape, operation, changes)
}

/**
 * Inserts, or for rows that exist changes or leaves them. Everything that an insert is asked is asked of every row that
 * was sent, and PostgreSQL asks of a row in conflict whether it may be read, whatever comes back.
 */
function upsert(
  view: CallerView,
  shape: EntityShape,
  operation: OperationDescription,
  values: readonly Row[],
): WriteResult {
  const named = columnsOf(operation)
  const target = operation.onConflict ?? shape.key
  const policy = view.policy(shape.name)
  const table = view.rows[shape.name] ?? []
  const codes = new Set<string>()
  const changes: Change[] = []
  if (shape.fields.some((field) => field.isKey && field.said === null && !named.includes(field.name)))
    return { done: null, refusals: codes, open: "a key that the database makes" }
  if (values.some((value) => referencesOwn(shape, value, values)))
    return { done: null, refusals: codes, open: "a row that refers to a row of the same insert" }
  // A field that is shown to some is no column of its view, and no index knows it.
  if (target.some((name) => policy.fields.get(name)?.visibleTo)) codes.add("42P10")
  const isSealed = sealsSome(shape, operation)
  for (const value of values) {
    // Where something is encrypted the rows that are there are looked at first.
    const there = isSealed && findConflict(shape, target, value, table)
    // What is seen to be there is not sent, and so nothing is asked of it.
    if (there && operation.conflict === "ignore" && view.canRead(shape.name, there)) continue
    if (there && (operation.conflict === "ignore" || nullProblems(shape, value).length > 0))
      return { done: null, refusals: codes, open: "what is asked of a row that is there already" }
    const allowed = changeProblems(view, shape, { before: null, after: value }, named, (row) =>
      view.holds(policy.create, row),
    )
    for (const code of [...allowed, ...nullProblems(shape, value)]) codes.add(code)
    if (!view.canRead(shape.name, value)) codes.add(policyCode)
    if (
      findConflict(
        shape,
        target,
        value,
        changes.map((one) => one.after),
      )
    ) {
      if (operation.conflict === "ignore") continue
      codes.add("21000")
    }
    const before = findConflict(shape, target, value, table)
    if (before && operation.conflict === "ignore") continue
    const patch = Object.fromEntries(
      Object.entries(value).filter(
        ([name]) => named.includes(name) && !target.includes(name) && !isImmutable(shape, name),
      ),
    )
    const change = { before, after: before ? { ...before, ...patch } : value }
    changes.push(change)
    const others = [...table.filter((row) => row !== before), ...changes.slice(0, -1).map((one) => one.after)]
    if (uniquesOf(shape).some(({ names }) => findConflict(shape, names, change.after, others)))
      codes.add(uniqueCode)
    if (!before) continue
    const may = view.holds(policy.updateFrom, before) && view.canRead(shape.name, before)
    if (!may || !view.canRead(shape.name, change.after)) codes.add(policyCode)
    const changed = changeProblems(
      view,
      shape,
      change,
      Object.keys(patch),
      (row) =>
        view.holds(policy.updateTo, row) &&
        (policy.updateStep === null || view.holds(policy.updateStep, row, before)),
    )
    for (const code of [...changed, ...nullProblems(shape, change.after)]) codes.add(code)
    if (movesKey(view, shape, change)) for (const code of referredCodes) codes.add(code)
  }
  return codes.size > 0 ? refused(codes) : finish(view, shape, operation, changes)
}

/** Whether a field stays once it is set; a key that the database makes does. */
function isImmutable({ fields }: EntityShape, name: string): boolean {
  const field = fields.find((one) => one.name === name)
  return field?.said === null || field?.said?.immutable === true
}

function update(
  view: CallerView,
  shape: EntityShape,
  operation: OperationDescription,
  patch: Row,
): WriteResult {
  const policy = view.policy(shape.name)
  const changes: Change[] = touchedBy(view, shape, operation).map((raw) => ({
    before: raw,
    after: { ...raw, ...patch },
  }))
  const gates = new Set<string>()
  const others = new Set<string>()
  const touched = new Set(changes.map((one) => one.before))
  const next = [
    ...(view.rows[shape.name] ?? []).filter((row) => !touched.has(row)),
    ...changes.map((one) => one.after),
  ]
  for (const change of changes) {
    const gate = changeProblems(
      view,
      shape,
      change,
      Object.keys(patch),
      (row) =>
        view.holds(policy.updateTo, row) &&
        (policy.updateStep === null || view.holds(policy.updateStep, row, change.before ?? row)),
    )
    if (!view.canRead(shape.name, change.after)) gate.add(policyCode)
    for (const code of gate) gates.add(code)
    for (const code of nullProblems(shape, change.after)) others.add(code)
    if (gate.size > 0) continue
    if (uniquesOf(shape).some(({ names }) => findConflict(shape, names, change.after, next)))
      others.add(uniqueCode)
    if (movesKey(view, shape, change)) for (const code of referredCodes) others.add(code)
  }
  if (
    changes.length > 1 &&
    movesGround(view, { ...view.rows, [shape.name]: next }, shape, changes, Object.keys(patch))
  ) {
    return { done: null, refusals: new Set(), open: "rows of one update that decide about each other" }
  }
  // One row fails first, and which is not said; but a row that the policy refuses tells nothing else.
  const codes =
    gates.size > 0
      ? new Set([
          ...gates,
          ...(changes.length > 1 ? others : [...others].filter((one) => one === notNullCode)),
        ])
      : others
  if (codes.size > 0) return refused(codes)
  return finish(view, shape, operation, changes)
}

/** The rows that an update changes. */
function touchedBy(view: CallerView, shape: EntityShape, operation: OperationDescription): readonly Row[] {
  const { updateFrom } = view.policy(shape.name)
  return view
    .readable(shape.name)
    .filter(
      ({ raw, seen }) => view.holds(updateFrom, raw) && passesFilters(view, shape, seen, operation.query),
    )
    .map(({ raw }) => raw)
}

function remove(view: CallerView, shape: EntityShape, operation: OperationDescription): WriteResult {
  const policy = view.policy(shape.name)
  const found = view
    .readable(shape.name)
    .filter(
      ({ raw, seen }) => view.holds(policy.delete, raw) && passesFilters(view, shape, seen, operation.query),
    )
  const { rows, referred } = deleteRows(
    view.shapes,
    view.rows,
    shape.name,
    found.map((one) => one.raw),
  )
  const wrongCount =
    operation.single && operation.returning === "representation" && found.length !== 1 ? ["PGRST116"] : []
  if (referred === "yes") return refused([...referredCodes, ...wrongCount])
  if (referred === "perhaps")
    return {
      done: null,
      refusals: new Set(),
      open: "a row that is referred to by one that another way deletes",
    }
  const { json } = readRows(
    view,
    shape,
    found.map((one) => one.seen),
    { ...operation.query, where: [] },
  )
  return single(operation, { rows, json, affected: found.length, isNew: false })
}

/** What the policy has against one changed row. */
function changeProblems(
  view: CallerView,
  shape: EntityShape,
  { before, after }: Change,
  named: readonly string[],
  allows: (row: Row) => boolean,
): Set<string> {
  const codes = new Set<string>()
  if (!allows(after)) codes.add(policyCode)
  for (const name of named) {
    const rule = view.policy(shape.name).fields.get(name)?.writableBy
    // Who may set a field is asked of the row as it was and as it would be, and only where the value changes.
    // Encrypted anew, a value is another to the database.
    const isAnother = before && isEncrypted(fieldOf(shape, name)) && (after[name] ?? null) !== null
    const changes = isAnother
      ? true
      : before
        ? JSON.stringify(before[name]) !== JSON.stringify(after[name])
        : (after[name] ?? null) !== defaultOf(shape, name)
    if (rule && changes && !(view.holds(rule, before ?? after) && view.holds(rule, after)))
      codes.add(policyCode)
  }
  for (const field of shape.fields) {
    const value = after[field.name] ?? null
    if (
      field.target === null ||
      value === null ||
      (before && identityOf(before[field.name], field.kind) === identityOf(value, field.kind))
    )
      continue
    if (!view.byKey(field.target, value)) for (const code of referenceCodes) codes.add(code)
  }
  if (!findsPerson(view, shape, before ?? after, named))
    for (const code of [...referenceCodes, policyCode]) codes.add(code)
  return codes
}

/** What a row refers to is looked for before what it lacks. */
function unseenCodes(
  view: CallerView,
  shape: EntityShape,
  operation: OperationDescription,
): readonly string[] {
  const named = columnsOf(operation)
  const isUnseen = (row: Row): boolean =>
    !findsPerson(view, shape, row, named) ||
    named.some((name) => {
      const target = shape.fields.find((one) => one.name === name)?.target ?? null
      const value = row[name] ?? null
      return target !== null && value !== null && !view.byKey(target, value)
    })
  return (operation.rows ?? []).some(isUnseen) ? referenceCodes : []
}

/** Whose data a row is must be seen by who encrypts for them, where that is told by other rows than its own. */
function findsPerson(view: CallerView, shape: EntityShape, row: Row, named: readonly string[]): boolean {
  if (!named.some((name) => shape.fields.some((one) => one.name === name && isEncrypted(one)))) return true
  let [at, seen]: [EntityShape, Row] = [shape, row]
  for (const step of subjectOf(view.shapes, shape.name)?.path.slice(0, -1) ?? []) {
    const { target } = fieldOf(at, step)
    const next = view.byKey(target as string, seen[step] ?? null)
    if (!next) return false
    at = entityOf(view.shapes, target as string)
    seen = next.raw
  }
  return true
}

function defaultOf(shape: EntityShape, name: string): unknown {
  return shape.fields.find((field) => field.name === name)?.said?.default ?? null
}

/** Whether what the guard of a row looks up changes with the other rows of the same statement. */
function movesGround(
  view: CallerView,
  rows: Rows,
  shape: EntityShape,
  changes: readonly Change[],
  named: readonly string[],
): boolean {
  const all = view.rows[shape.name] ?? []
  // After all of them, and after any one: in which order rows are written is not said.
  const moments = [
    rows,
    ...changes.map(({ before, after }) => ({
      ...view.rows,
      [shape.name]: all.map((row) => (row === before ? after : row)),
    })),
  ].map((one) => view.over(one))
  const allows =
    (of: CallerView) =>
    (row: Row, before: Row): boolean => {
      const { updateTo, updateStep } = of.policy(shape.name)
      return of.holds(updateTo, row) && (updateStep === null || of.holds(updateStep, row, before))
    }
  return changes.some((change) => {
    const problems = (of: CallerView): string =>
      [...changeProblems(of, shape, change, named, (row) => allows(of)(row, change.before ?? row))]
        .toSorted()
        .join()
    const now = problems(view)
    return moments.some((then) => problems(then) !== now)
  })
}

function nullProblems(shape: EntityShape, row: Row): readonly string[] {
  return shape.fields.some((field) => !field.optional && (row[field.name] ?? null) === null)
    ? [notNullCode]
    : []
}

/** A new key while rows refer to the old one. */
function movesKey(view: CallerView, shape: EntityShape, { before, after }: Change): boolean {
  if (before === null || shape.key.length > 1) return false
  const [name] = shape.key as readonly [string]
  if (before[name] === after[name]) return false
  return [...view.shapes.values()].some((other) =>
    other.fields.some(
      (field) =>
        field.target === shape.name &&
        (view.rows[other.name] ?? []).some((row) => row[field.name] === before[name]),
    ),
  )
}

function referencesOwn(shape: EntityShape, row: Row, all: readonly Row[]): boolean {
  const keys = new Set(all.map((one) => one[shape.key[0] as string]))
  return shape.fields.some(
    (field) => field.target === shape.name && (row[field.name] ?? null) !== null && keys.has(row[field.name]),
  )
}

/** The tables after the changes, and what comes back: new rows, with what is embedded in them as it was before. */
function finish(
  view: CallerView,
  shape: EntityShape,
  operation: OperationDescription,
  changes: readonly Change[],
): WriteResult {
  const after = new Map(changes.flatMap(({ before, after: row }) => (before ? [[before, row] as const] : [])))
  const added = changes.flatMap(({ before, after: row }) => (before ? [] : [row]))
  const table = [...(view.rows[shape.name] ?? []).map((row) => after.get(row) ?? row), ...added]
  const rows = { ...view.rows, [shape.name]: table }
  const dangling = changes.some(({ after: row }) =>
    shape.fields.some(
      (field) =>
        field.target !== null &&
        (row[field.name] ?? null) !== null &&
        !findByKey(view.shapes, rows, field.target, row[field.name]),
    ),
  )
  if (dangling) return refused(referenceCodes)
  const seen = changes.map((one) => view.see(shape, one.after))
  const json =
    operation.returning === "representation"
      ? readRows(view, shape, seen, { ...operation.query, where: [] }).json
      : []
  return single(operation, {
    rows,
    json,
    affected: changes.length,
    isNew: changes.some((one) => one.before === null),
  })
}

/** Who asks for one object and changes more or fewer changes nothing. */
function single(operation: OperationDescription, done: NonNullable<WriteResult["done"]>): WriteResult {
  if (operation.single && operation.returning === "representation" && done.json.length !== 1)
    return refused(["PGRST116"])
  return { done, refusals: new Set(), open: null }
}
