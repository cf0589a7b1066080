/** Entries in the Open Cybersecurity Schema Framework 1.3: API activity, account change and authentication. */
import type { ExportedEntry } from "./export-formats.ts"

/** Class 6003, by the kind of an entry; 99 is another. */
const apiActivities: Readonly<Record<string, number>> = {
  create: 1,
  read: 2,
  export: 2,
  update: 3,
  delete: 4,
}

/** Class 3001, by the event of an account. */
const accountActivities: Readonly<Record<string, number>> = {
  "account-created": 1,
  "password-changed": 3,
  "account-removed": 6,
  "factor-enrolled": 10,
  "factor-removed": 11,
}

/** Class 3002. */
const authentications: Readonly<Record<string, number>> = {
  "signed-in": 1,
  "sign-in-failed": 1,
  "session-ended": 2,
  "session-expired": 2,
}

interface OcsfClass {
  readonly category: number
  readonly id: number
  readonly activity: number
}

/** One entry as an event. */
export function toOcsf(entry: ExportedEntry, product: string): object {
  const { category, id, activity } = classOf(entry)
  const isDone = entry.result === "done" && entry.kind !== "denied" && entry.kind !== "failed"
  const person = {
    uid: entry.actor,
    ...(entry.roles.length > 0 ? { groups: entry.roles.map((name) => ({ name })) } : {}),
  }
  const subject = entry.subjects?.[0]
  return {
    category_uid: category,
    class_uid: id,
    activity_id: activity,
    type_uid: id * 100 + activity,
    time: Date.parse(entry.at),
    severity_id: entry.kind === "alert" ? 4 : isDone ? 1 : 3,
    status_id: isDone ? 1 : 2,
    ...(isDone ? {} : { status_code: entry.result }),
    metadata: {
      version: "1.3.0",
      uid: entry.id,
      sequence: entry.position,
      product: { name: product, vendor_name: "Undercroft" },
    },
    actor: {
      user: person,
      ...(entry.credential === null ? {} : { session: { uid: entry.credential } }),
    },
    ...(id === 6003
      ? {
          api: {
            operation: entry.kind,
            service: { name: entry.door },
            ...(entry.request === null ? {} : { request: { uid: entry.request } }),
          },
        }
      : { user: { uid: subject ?? entry.actor } }),
    src_endpoint: entry.address === null ? { name: entry.door } : { ip: entry.address },
    ...(entry.entity === null
      ? {}
      : { resources: (entry.rows ?? [null]).map((uid) => resource(entry.entity!, uid)) }),
    unmapped: {
      kind: entry.kind,
      on_behalf: entry.onBehalf,
      purpose: entry.purpose,
      subjects: entry.subjects,
      fields: entry.fields,
      detail: entry.detail,
    },
  }
}

function classOf({ kind, detail }: ExportedEntry): OcsfClass {
  if (kind !== "event") return { category: 6, id: 6003, activity: apiActivities[kind] ?? 99 }
  const { event } = (detail ?? {}) as { readonly event?: unknown }
  const name = String(event)
  const authentication = authentications[name]
  if (authentication !== undefined) return { category: 3, id: 3002, activity: authentication }
  return { category: 3, id: 3001, activity: accountActivities[name] ?? 99 }
}

function resource(type: string, uid: string | null): object {
  return uid === null ? { type } : { type, uid }
}
