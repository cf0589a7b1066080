/** A backend with every door: recorded patients, actions that do, read, fail and wait, accounts, a provider, auditors. */
import {
  accessToMeEntity,
  action,
  actor,
  auditEntryEntity,
  defineBackend,
  entity,
  many,
  ref,
  signedIn,
  text,
  userEntity,
} from "undercroft"
import { z } from "zod"

const me = actor({})

const User = userEntity()
User.access(() => ({ read: signedIn }))

const Patient = entity("Patient", {
  fields: {
    name: text().personal(),
    ward: text().default("A"),
    secret: text()
      .personal()
      .optional()
      .visibleTo(() => me.has("chief")),
    get visits() {
      return many(Visit, "patient")
    },
  },
  subject: "id",
  audit: { reads: true },
})
Patient.access(() => ({
  read: signedIn,
  create: me.has("clerk"),
  update: me.has("clerk"),
  delete: me.has("clerk"),
}))

const Visit = entity("Visit", { fields: { patient: ref(Patient).onDelete("cascade") }, subject: "patient" })
Visit.access(() => ({ read: signedIn, create: me.has("clerk") }))

const named = z.object({ name: z.string().max(40) })
const add = {
  uses: [Patient],
  input: named,
  output: z.object({ name: z.string() }),
  access: () => me.has("clerk"),
}
const insert = async ({ input, db }: any): Promise<{ name: string }> => {
  await db.insertInto("patients").values({ name: input.name }).execute()
  return { name: input.name }
}

export const doorsBackend = defineBackend({
  name: "doors",
  model: [User, Patient, Visit, auditEntryEntity({ readers: ["auditor"] }), accessToMeEntity()],
  accounts: {
    password: true,
    signUp: "open",
    provider: {
      clients: [
        {
          id: "portal",
          name: "Portal",
          secret: "portal's secret of at least thirty-two bytes",
          redirectUris: ["https://portal.example/cb"],
          scopes: ["openid"],
        },
      ],
    },
  },
  limits: { graphqlFields: 60 },
  actions: {
    admit: action({ ...add, run: insert }),
    look: action({ ...add, readOnly: true, uses: [], run: async ({ input }) => ({ name: input.name }) }),
    fail: action({
      ...add,
      async run(scope) {
        await insert(scope)
        throw new Error("no")
      },
    }),
    sign: action({
      ...add,
      approval: { by: () => me.has("chief"), within: { hours: 1 } },
      run: insert,
    }),
  },
  audit: { sealEveryMs: 3_600_000 },
})
