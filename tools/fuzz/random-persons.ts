/** Says of a bare model whose data its rows are, and adds registers of what those persons agree to, and of who broke the glass for them. */
import type {
  EntityDescription,
  FieldDescription,
  KindDescription,
  ManyDescription,
  RegisterDescription,
  Row,
} from "./description.ts"
import type { Random } from "./random.ts"
import { callerIds, roles } from "./random-value.ts"

export const sessions: readonly (string | null)[] = [null, null, null, "s1"]

/** The first entity is that of persons; others are about them where a reference leads there that may not be null. */
export function addPersons(
  random: Random,
  entities: readonly EntityDescription[],
): readonly EntityDescription[] {
  const person = entities[0] as EntityDescription
  const known = new Set([person.name])
  // Only what can't move to another person is encrypted.
  const isKept = random.chance(0.9)
  const about = entities.map((one): EntityDescription => {
    if (one === person) return { ...one, subject: "id" }
    const ways = one.fields.filter(
      // By its own key an entity says that its rows are persons.
      ({ name, kind, optional }) =>
        kind.type === "ref" && !optional && known.has(kind.target) && name !== one.key?.[0],
    )
    if ((one.key?.length ?? 1) > 1 || ways.length === 0 || !random.chance(0.85)) return one
    known.add(one.name)
    const subject = random.pick(ways).name
    const fields = one.fields.map((field) =>
      field.name === subject && isKept ? { ...field, immutable: true } : field,
    )
    return { ...one, fields, subject }
  })
  const registers = randomRegisters(random, person.name)
  const many = registers.map(
    (one): ManyDescription => ({
      name: `${one.name.toLowerCase()}sByPerson`,
      target: one.name,
      via: "person",
    }),
  )
  return [
    ...(isKept ? about.map((one) => withEncrypted(random, one)) : about).map((one) =>
      one.name === person.name ? { ...one, many: [...one.many, ...random.some(many)] } : one,
    ),
    ...registers,
  ]
}

const findable: ReadonlySet<string> = new Set(["text", "uuid", "decimal", "bigint"])
const encryptable: ReadonlySet<string> = new Set([...findable, "boolean", "integer", "date", "json", "list"])

/** Some of its fields encrypted, where rows have a key of their own and a person. */
function withEncrypted(random: Random, entity: EntityDescription): EntityDescription {
  if (entity.subject === undefined || entity.key !== undefined) return entity
  const compared = new Set(entity.unique.flat())
  return {
    ...entity,
    fields: entity.fields.map((field) => {
      const { kind, name, unique } = field
      if (!encryptable.has(kind.type) || unique || compared.has(name) || !random.chance(0.55)) return field
      const { default: _, ...rest } = field
      return {
        ...rest,
        encrypted: true,
        ...(findable.has(kind.type) && random.chance(0.7) ? { findable: true } : {}),
      }
    }),
  }
}

function randomRegisters(random: Random, person: string): readonly EntityDescription[] {
  const purposes: RegisterDescription = {
    person,
    purposes: { news: { version: 7, since: 2 }, study: { version: 2 } },
  }
  const kinds: RegisterDescription = {
    person,
    kinds: {
      emergency: { who: random.shuffle(roles).slice(0, 3), review: "Doctor" },
      handover: {
        who: random.shuffle(roles).slice(0, 2),
        review: "nurse",
        ...(random.chance(0.4) ? { twoFactor: true } : {}),
      },
    },
  }
  const isFirst = random.chance(0.8)
  return [
    ...(isFirst ? [register("Consent", purposes, consentFields(purposes))] : []),
    ...(!isFirst || random.chance(0.7) ? [register("Override", kinds, overrideFields(kinds))] : []),
  ]
}

function register(
  name: string,
  said: RegisterDescription,
  fields: readonly FieldDescription[],
): EntityDescription {
  return {
    name,
    register: said,
    subject: "person",
    tracked: false,
    fields,
    many: [],
    unique: [],
    reveals: false,
    access: {},
  }
}

type Words = readonly [string, ...string[]]
const instant: KindDescription = { type: "instant" }
const text: KindDescription = { type: "text" }

function personField({ person }: RegisterDescription): FieldDescription {
  return { name: "person", kind: { type: "ref", target: person }, immutable: true, onDelete: "cascade" }
}

/** As `consentEntity` has them. */
function consentFields(
  said: Extract<RegisterDescription, { purposes: unknown }>,
): readonly FieldDescription[] {
  return [
    personField(said),
    {
      name: "purpose",
      kind: { type: "choice", words: Object.keys(said.purposes) as unknown as Words },
      immutable: true,
    },
    { name: "version", kind: { type: "integer", min: 1 }, immutable: true },
    { name: "status", kind: { type: "choice", words: ["granted", "withdrawn"] }, default: "granted" },
    { name: "reason", kind: { type: "text", max: 200 }, optional: true, immutable: true },
    { name: "withdrawalReason", kind: { type: "text", max: 200 }, optional: true },
    { name: "textHash", kind: text, kept: true },
    { name: "grantedAt", kind: instant, kept: true },
    { name: "grantedBy", kind: text, kept: true },
    { name: "withdrawnAt", kind: instant, optional: true, kept: true },
    { name: "withdrawnBy", kind: text, optional: true, kept: true },
  ]
}

/** As `overrideEntity` has them. */
function overrideFields(said: Extract<RegisterDescription, { kinds: unknown }>): readonly FieldDescription[] {
  return [
    personField(said),
    {
      name: "kind",
      kind: { type: "choice", words: Object.keys(said.kinds) as unknown as Words },
      immutable: true,
    },
    { name: "reason", kind: { type: "text", min: 10, max: 500 }, immutable: true },
    { name: "status", kind: { type: "choice", words: ["open", "ended"] }, default: "open" },
    { name: "verdict", kind: { type: "choice", words: ["justified", "unjustified"] }, optional: true },
    { name: "remark", kind: { type: "text", max: 500 }, optional: true },
    { name: "openedBy", kind: text, kept: true },
    { name: "session", kind: text, optional: true, kept: true, visibleTo: { any: [] } },
    { name: "openedAt", kind: instant, kept: true },
    { name: "expiresAt", kind: instant, kept: true },
    { name: "endedAt", kind: instant, optional: true, kept: true },
    { name: "reviewedBy", kind: text, optional: true, kept: true },
    { name: "reviewedAt", kind: instant, optional: true, kept: true },
    { name: "toldAt", kind: instant, optional: true, kept: true },
  ]
}

/** What a row of a register says, often enough such that a rule lets somebody in. */
export function registerValues(random: Random, said: RegisterDescription): Row {
  if ("purposes" in said)
    return {
      purpose: random.pick(Object.keys(said.purposes)),
      version: random.pick([1, 2, 2, 2, 7, 8]),
      status: random.chance(0.65) ? "granted" : "withdrawn",
    }
  return {
    kind: random.pick(Object.keys(said.kinds)),
    reason: "It can't be done without.",
    status: random.chance(0.8) ? "open" : "ended",
    openedBy: random.pick(callerIds),
    session: random.pick(sessions),
    expiresAt: random.chance(0.5) ? "2090-12-31T23:59:59+00:00" : "2016-02-29T12:00:00+00:00",
  }
}

/** What rules of overrides ask of the caller beside their roles. */
export function sessionClaims(random: Random): Readonly<Record<string, unknown>> {
  const session = random.pick(sessions)
  return {
    ...(session === null ? {} : { session }),
    ...(random.chance(0.05) ? { key: "k1" } : {}),
    ...(random.chance(0.7) ? { assurance: random.pick(["one-factor", "two-factor"]) } : {}),
  }
}
