/**
 * The register of what people ask for about their own data: who asked, who decided, until when, and what became of it. The database
 * keeps it so, and a process of the backend does what was granted (GDPR Art. 12 to 20, TR-03161-3 Data_7).
 */
import { anyOf, baseMe } from "./capture.ts"
import { isOwn, keptField } from "./consent.ts"
import { type AnyEntity, type Entity, entity } from "./entity.ts"
import type { Field, KeyOf } from "./field.ts"
import { choice } from "./fields/choice.ts"
import { instant } from "./fields/instant.ts"
import { integer } from "./fields/integer.ts"
import { type Json, json } from "./fields/json.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"

const requestKinds = ["export", "erase", "restrict", "lift", "rectify"] as const
/** What people can ask for. */
export type RequestKind = (typeof requestKinds)[number]

/** What may be done because the person says so: to lift a restriction or to correct what is written is never theirs alone. */
export type AtOnceKind = Exclude<RequestKind, "lift" | "rectify">

const statuses = ["asked", "granted", "refused", "withdrawn", "running", "done", "failed", "expired"] as const
/** How far a request is. */
export type RequestStatus = (typeof statuses)[number]

/** Who decides, and what needs no decision. */
export interface RequestRules {
  /** The role of privacy officers: they see all requests, ask for others, and decide. The restriction of a person does not keep them out. */
  readonly officer: string
  /** What is granted to people as soon as they ask it for themselves; `["export"]` unless given. */
  readonly atOnce?: readonly AtOnceKind[]
  /** How recently whoever asks for or grants an export or an erasure must have signed in; 15 unless given. */
  readonly signedInMinutes?: number
}

type Kept<T, K extends string = never> = Field<T, "readonly" | K>

interface RequestFields<Person> {
  readonly person: Field<KeyOf<Person>, "immutable", Person>
  readonly kind: Field<RequestKind, "immutable">
  readonly scope: Field<"person" | "account", "immutable" | "default">
  readonly entity: Field<string, "immutable" | "optional">
  readonly row: Field<string, "immutable" | "optional">
  readonly field: Field<string, "immutable" | "optional">
  readonly value: Field<Json, "immutable" | "optional">
  readonly reason: Field<string, "immutable" | "optional">
  readonly status: Field<RequestStatus, "default">
  readonly answer: Field<string, "optional">
  readonly progress: Kept<number>
  readonly askedBy: Kept<string>
  readonly askedAt: Kept<string>
  readonly dueAt: Kept<string>
  readonly decidedBy: Kept<string, "optional">
  readonly decidedAt: Kept<string, "optional">
  readonly startedAt: Kept<string, "optional">
  readonly endedAt: Kept<string, "optional">
  readonly expiresAt: Kept<string, "optional">
}

/** A register of requests. */
export type PrivacyRequestEntity<Person, Name extends string = "PrivacyRequest"> = Entity<
  Name,
  RequestFields<Person>,
  { readonly tracked: false }
>

const registers = new WeakMap<AnyEntity, RequestRules>()

/** The rules of the register that an entity is, or undefined. */
export function requestRulesOf(declared: AnyEntity): RequestRules | undefined {
  return registers.get(declared)
}

/**
 * The register in which people ask for a copy of their data, for its erasure, restriction or correction, and in which a privacy officer
 * decides. With the person goes the row; the signed report of an erasure stays.
 *
 * @example
 * privacyRequestEntity(userEntity(), { officer: "privacy-officer", atOnce: ["export", "erase"] }).name // "PrivacyRequest"
 */
export function privacyRequestEntity<Person extends AnyEntity, const Name extends string = "PrivacyRequest">(
  person: Person,
  rules: RequestRules,
  options: { readonly name?: Name } = {},
): PrivacyRequestEntity<Person, Name> {
  const Request = entity(options.name ?? "PrivacyRequest", {
    description: "What people ask for about their own data, who decided, and what became of it.",
    fields: {
      person: ref(person).immutable().onDelete("cascade"),
      kind: choice(...requestKinds).immutable(),
      scope: choice("person", "account")
        .default("person")
        .immutable()
        .describe("`account` means whose account it is, and all that belongs to it."),
      entity: text({ max: 60 })
        .optional()
        .immutable()
        .describe("Of rectify: whose row is wrong, such as `Patient`."),
      row: text({ max: 100 }).personal().optional().immutable().describe("Of rectify: the key of the row."),
      field: text({ max: 60 }).optional().immutable().describe("Of rectify: the field that is wrong."),
      value: json().special().optional().immutable().describe("Of rectify: what would be right."),
      reason: text({ max: 500 }).personal().optional().immutable().describe("What the person says to it."),
      status: choice(...statuses)
        .default("asked")
        .describe("The officer writes `granted` or `refused`, the person `withdrawn`."),
      answer: text({ max: 500 }).personal().optional().describe("Why it is refused, or has failed."),
      progress: keptField(integer({ min: 0, max: 100 })).describe("In percent."),
      askedBy: keptField(text()).personal(),
      askedAt: keptField(instant()),
      dueAt: keptField(instant()).describe("A month after it was asked (GDPR Art. 12(3))."),
      decidedBy: keptField(text().optional()).personal(),
      decidedAt: keptField(instant().optional()),
      startedAt: keptField(instant().optional()),
      endedAt: keptField(instant().optional()),
      expiresAt: keptField(instant().optional()).describe("Until when an export can be fetched."),
    },
    tracked: false,
    subject: "person",
    indexes: [["person"], ["status"]],
  })
  Request.access(({ row }) => {
    const theirs = anyOf(isOwn(person, row), baseMe.has(String(rules.officer)))
    return { read: theirs, create: theirs, update: theirs }
  })
  registers.set(Request, rules)
  return Request as unknown as PrivacyRequestEntity<Person, Name>
}
