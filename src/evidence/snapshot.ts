/** What a backend's data protection rests on, in words: personal fields, rules, declarations, software. What changes in it is for people to see. */
import type { BackendDefinition } from "../backend.ts"
import { buildAccessMatrix } from "../policy/access-matrix.ts"
import type { Policies } from "../policy/policies.ts"
import { clearReason, isAboutPeople, isEncrypted, storedEntities } from "./declared.ts"
import { readLock } from "./dependencies.ts"
import { keptText, purposesOf } from "./parts/processing-record.ts"

type Words = Readonly<Record<string, string>>

/** By name, in the order of names, so that a difference can be read in a repository. */
export interface Snapshot {
  /** Fields about people: "Patient.phone": "personal; in the clear; for: Treatment; kept: 10 years after endedOn, then deleted". */
  readonly fields: Words
  /** "Patient, read": who may. */
  readonly rules: Words
  /** What `processing` and `accounts` say. */
  readonly declared: Words
  /** Packages that run, with their versions. */
  readonly software: Words
}

export const snapshotParts = ["fields", "rules", "declared", "software"] as const

export interface SnapshotSource {
  readonly definition: BackendDefinition
  readonly policies: Policies
  /** The project's folder. */
  readonly folder: string
}

/** Something that is not as it was. */
export interface Change {
  readonly part: (typeof snapshotParts)[number]
  readonly name: string
  /** Null where there was none. */
  readonly before: string | null
  /** Null where there is none any more. */
  readonly now: string | null
}

export async function takeSnapshot({ definition, policies, folder }: SnapshotSource): Promise<Snapshot> {
  const lock = await readLock(folder)
  const versions = new Map<string, Set<string>>()
  for (const one of lock?.packages ?? [])
    if (!one.development) versions.set(one.name, (versions.get(one.name) ?? new Set()).add(one.version))
  return {
    fields: sorted(fieldsOf(definition, policies)),
    rules: sorted(rulesOf(policies)),
    declared: sorted(declaredIn(definition)),
    software: sorted([...versions].map(([name, all]) => [name, [...all].toSorted().join(", ")])),
  }
}

/** What is new, gone or otherwise. */
export function findChanges(before: Snapshot, now: Snapshot): readonly Change[] {
  return snapshotParts.flatMap((part) => {
    const names = new Set([...Object.keys(before[part] ?? {}), ...Object.keys(now[part])])
    return [...names].toSorted().flatMap((name) => {
      const [then, today] = [before[part]?.[name] ?? null, now[part][name] ?? null]
      return then === today ? [] : [{ part, name, before: then, now: today }]
    })
  })
}

const partWords: Readonly<Record<Change["part"], string>> = {
  fields: "Personal data: the field",
  rules: "Who may do what:",
  declared: "What is declared:",
  software: "Software of others:",
}

/** A change in a sentence, for people who can't read code. */
export function changeText({ part, name, before, now }: Change): string {
  const what = `${partWords[part]} ${name}`
  const [then, today] = [before, now].map((one) => one?.replace(/\.$/, ""))
  if (before === null) return `${what} is new: ${today}.`
  if (now === null) return `${what} is gone; it was: ${then}.`
  return `${what} has changed. Before: ${then}. Now: ${today}.`
}

function fieldsOf({ processing }: BackendDefinition, { model }: Policies): [string, string][] {
  return storedEntities(model).flatMap((entity) =>
    entity.fields
      .filter((field) => isAboutPeople(field) || field.classification === "secret")
      .map((field): [string, string] => {
        const purposes = purposesOf(processing?.purposes, entity.name).map((one) => one.name)
        const words = [
          field.classification,
          isEncrypted(field)
            ? "encrypted"
            : ["in the clear", clearReason(field, processing?.inClear)].filter(Boolean).join(", because: "),
          purposes.length > 0 ? `for: ${purposes.join(", ")}` : "for no purpose that is declared",
          `kept: ${keptText(entity, processing?.purposes) ?? "not declared"}`,
        ]
        return [`${entity.name}.${field.name}`, words.join("; ")]
      }),
  )
}

function rulesOf(policies: Policies): [string, string][] {
  return buildAccessMatrix(policies).entities.flatMap((one) => [
    ...one.grants.map((grant): [string, string] => [`${one.entity}, ${grant.operation}`, grant.sentence]),
    ...one.fields.flatMap((field) =>
      (["visibleTo", "writableBy"] as const).flatMap((rule): [string, string][] => {
        const sentence = field[rule]
        return sentence === null
          ? []
          : [[`${one.entity}.${field.field}, ${rule === "visibleTo" ? "see" : "set"}`, sentence]]
      }),
    ),
  ])
}

function declaredIn({ processing, accounts }: BackendDefinition): [string, string][] {
  const { requireTwoFactor = false } = accounts ?? {}
  const factors =
    requireTwoFactor === true
      ? "everybody"
      : requireTwoFactor === false
        ? "nobody"
        : requireTwoFactor.join(", ")
  return [
    ...(accounts ? [["second factor required of", factors] as [string, string]] : []),
    ...(processing?.purposes ?? []).map((one): [string, string] => [
      `purpose ${one.name}`,
      `${one.basis}; ${one.entities.join(", ")}`,
    ]),
    ...(processing?.subprocessors ?? []).map((one): [string, string] => [
      `company ${one.name}`,
      `${one.service}; ${one.place}; ${one.data}; contract: ${one.contract ?? "not named"}`,
    ]),
    ...(processing?.transfers ?? []).map((one): [string, string] => [`transfer to ${one.to}`, one.safeguard]),
    ...(processing?.recipients ?? []).map((one): [string, string] => [`recipient ${one}`, "is given data"]),
  ]
}

function sorted(pairs: readonly (readonly [string, string])[]): Words {
  return Object.fromEntries(pairs.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
