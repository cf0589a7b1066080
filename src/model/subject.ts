/** Whose personal data the rows of an entity are, found along its references: what rights, keys and the record go by. */
import { suggestClassification } from "./classification.ts"
import type { AnyEntity } from "./entity.ts"
import { Field, targetName } from "./field.ts"
import type { EntityInfo, SubjectInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"

type Unfinished = { -readonly [K in keyof EntityInfo]: EntityInfo[K] }

/** Fills in the subject of each entity. Personal fields without one are a mistake, unless the model says so. */
export function fillSubjects(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  const said = new Map(entities.map((one, at) => [one as EntityInfo, declared[at]!.options.subject]))
  const found = new Map<EntityInfo, SubjectInfo | null>()

  function subjectOf(entity: EntityInfo): SubjectInfo | null {
    const known = found.get(entity)
    if (known !== undefined) return known
    // Stands while the way is followed, so that a circle ends.
    found.set(entity, null)
    const subject = resolve(entity)
    found.set(entity, subject)
    return subject
  }

  function resolve(entity: EntityInfo): SubjectInfo | null {
    const name = said.get(entity)
    if (name === undefined || name === false) return null
    const refuse = (why: string): null => {
      problems.add("UC140", entity.name, { subject: JSON.stringify(name) ?? String(name), why })
      return null
    }
    const field = typeof name === "string" ? entity.fieldByName.get(name) : undefined
    if (!field) return refuse("is not a field of it")
    if (entity.key.length !== 1) return refuse("can't be followed from a composite key")
    if (field === entity.key[0])
      return { person: entity, path: [], account: entity.name === "User" ? field : null }
    const statement = declared[entities.indexOf(entity as Unfinished)]!.readFields()[field.name]
    if (targetName(statement) === "User" && (field.optional || !field.reference))
      return { person: entity, path: [], account: field }
    if (!field.reference) return refuse("is no reference")
    if (field.optional) return refuse("may be null")
    const further = subjectOf(field.reference.entity)
    if (!further) return refuse(`leads to ${field.reference.entity.name}, which has no subject`)
    return { ...further, path: [field, ...further.path] }
  }

  for (const entity of entities) {
    if (entity.view) continue
    const personal = entity.fields.filter(
      (one) => one.classification === "personal" || one.classification === "special",
    )
    if (personal.length > 0 && said.get(entity) === undefined)
      problems.add("UC141", entity.name, {
        fields: personal.map((one) => one.name).join(", "),
        way: likelySubject(entity, declared[entities.indexOf(entity)]!),
      })
    entity.subject = subjectOf(entity)
    if (typeof said.get(entity) === "string")
      checkTexts(entity, declared[entities.indexOf(entity)]!, problems)
  }
}

/** What anything can be written into, in a row about a person, is classified by whoever declares it: its name tells nothing. */
function checkTexts(entity: EntityInfo, declared: AnyEntity, problems: ProblemList): void {
  for (const [name, statement] of Object.entries(declared.readFields()))
    if (
      statement instanceof Field &&
      statement.options.classification === undefined &&
      suggestClassification(name) === null &&
      freeKinds.has((statement.kind.element ?? statement.kind).name)
    )
      problems.add("UC450", `${entity.name}.${name}`, {})
}

/** Kinds of fields that take any words. */
const freeKinds: ReadonlySet<string> = new Set(["text", "json", "email"])

/** What the hint names: the entity's account, else a reference that could lead to the person, else its key. */
function likelySubject(entity: EntityInfo, declared: AnyEntity): string {
  const statements = declared.readFields()
  const account = entity.fields.find((one) => {
    const statement = statements[one.name]
    return statement !== undefined && targetName(statement) === "User"
  })
  const reference = entity.fields.find((one) => one.reference && !one.optional)
  return (account ?? reference ?? entity.key[0])?.name ?? "id"
}
