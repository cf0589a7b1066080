/**
 * The register of emergency overrides: who broke the glass, for whose data and why, until when, and what a second person
 * made of it. The database keeps it so (HIPAA 164.312(a)(2)(ii), EHDS Art. 9).
 */
import { allOf, anyOf, baseMe, nobody } from "./capture.ts"
import { keptField } from "./consent.ts"
import { type AnyEntity, type Entity, entity } from "./entity.ts"
import type { Condition } from "./expression.ts"
import type { Field, KeyOf } from "./field.ts"
import { choice } from "./fields/choice.ts"
import { instant } from "./fields/instant.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"

/** One kind of override. */
export interface OverrideKind {
  /** Roles of those who may open one. */
  readonly who: readonly string[]
  /** For how long one holds, at most; a day is the longest. */
  readonly minutes: number
  /** The role of those who review it; never who opened it. */
  readonly review: string
  /** Whether it takes a session with a second factor. */
  readonly twoFactor?: boolean
  /** Addresses that are told by mail of each that is opened; whoever opened it is told, too. */
  readonly notify?: readonly string[]
}

type Kept<T, K extends string = never> = Field<T, "readonly" | K>

interface OverrideFields<Person, Kinds> {
  readonly person: Field<KeyOf<Person>, "immutable", Person>
  readonly kind: Field<keyof Kinds & string, "immutable">
  readonly reason: Field<string, "immutable">
  readonly status: Field<"open" | "ended", "default">
  readonly verdict: Field<"justified" | "unjustified", "optional">
  readonly remark: Field<string, "optional">
  readonly openedBy: Kept<string>
  readonly openedAt: Kept<string>
  readonly expiresAt: Kept<string>
  readonly endedAt: Kept<string, "optional">
  readonly reviewedBy: Kept<string, "optional">
  readonly reviewedAt: Kept<string, "optional">
  readonly toldAt: Kept<string, "optional">
}

/** A register of overrides. */
export type OverrideEntity<Person, Kinds, Name extends string = "Override"> = Entity<
  Name,
  OverrideFields<Person, Kinds>,
  { readonly tracked: false }
>

const registers = new WeakMap<AnyEntity, Readonly<Record<string, OverrideKind>>>()

/** The kinds of overrides that an entity registers, or undefined. */
export function overrideKindsOf(declared: AnyEntity): Readonly<Record<string, OverrideKind>> | undefined {
  return registers.get(declared)
}

/**
 * The register of emergency overrides over the data of persons. Rules heed one by `me.overrides("emergency")`. Who may is in the
 * declaration: to open one takes a reason, and each is reviewed by somebody else.
 *
 * @example
 * overrideEntity(userEntity(), { emergency: { who: ["doctor"], minutes: 60, review: "officer" } }).name // "Override"
 */
export function overrideEntity<
  Person extends AnyEntity,
  const Kinds extends Readonly<Record<string, OverrideKind>>,
  const Name extends string = "Override",
>(person: Person, kinds: Kinds, options: { readonly name?: Name } = {}): OverrideEntity<Person, Kinds, Name> {
  const name: string = options.name ?? "Override"
  const names = Object.keys(kinds)
  const Override = entity(name, {
    description: "Who broke the glass in an emergency, for whose data, why, and what the review said.",
    fields: {
      person: ref(person).immutable().onDelete("cascade"),
      // A register without kinds does not build, which is told there.
      kind: choice(...([...names, "none"].slice(0, names.length || 1) as [string])).immutable(),
      reason: text({ min: 10, max: 500 }).personal().immutable().describe("Why it can't be done without."),
      status: choice("open", "ended").default("open").describe("Written as `ended` to end it early."),
      verdict: choice("justified", "unjustified").optional().describe("What the review says."),
      remark: text({ max: 500 }).personal().optional().describe("What the reviewer adds."),
      openedBy: keptField(text()).personal(),
      session: keptField(text().optional())
        .internal()
        .visibleTo(() => nobody),
      openedAt: keptField(instant()),
      expiresAt: keptField(instant()),
      endedAt: keptField(instant().optional()),
      reviewedBy: keptField(text().optional()).personal(),
      reviewedAt: keptField(instant().optional()),
      toldAt: keptField(instant().optional()).describe("When mail about it was handed over."),
    },
    tracked: false,
    subject: "person",
    indexes: [["openedBy", "person"]],
  })
  Override.access(({ row }) => {
    const of = (said: (kind: OverrideKind) => readonly Condition[]): Condition =>
      anyOf(...names.map((one) => allOf(row.kind.is(one), ...said(kinds[one]!))))
    const seen = anyOf(
      row.openedBy.is(baseMe.id),
      of((kind) => [baseMe.has(String(kind?.review))]),
    )
    return { read: seen, create: of(mayOpen), update: seen }
  })
  registers.set(Override, kinds)
  return Override as unknown as OverrideEntity<Person, Kinds, Name>
}

/** What holds for a caller who may open one, and must go on to hold. */
function mayOpen(kind: OverrideKind | undefined): readonly Condition[] {
  const { who, twoFactor } = kind ?? {}
  const roles = Array.isArray(who) ? who.map((role) => baseMe.has(String(role))) : []
  return [anyOf(...roles), ...(twoFactor ? [baseMe.assurance.atLeast("two-factor")] : [])]
}
