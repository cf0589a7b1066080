/**
 * The entities of accounts: people, organizations and who belongs to which. They are read like any other entity, and
 * follow the accounts: nobody writes them but by signing up, inviting and the like.
 */
import { anyOf } from "./capture.ts"
import { type AnyEntity, type Entity, entity } from "./entity.ts"
import type { Field } from "./field.ts"
import { email } from "./fields/email.ts"
import { list } from "./fields/list.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"

type Kept<T, E = null> = Field<T, "readonly", E>
type None = Readonly<Record<never, never>>

/** The people who sign in. */
export type UserEntity = Entity<
  "User",
  {
    readonly name: Kept<string>
    readonly email: Field<string, "readonly" | "restricted">
    readonly roles: Kept<readonly string[]>
  },
  None
>
/** The organizations that people belong to. */
export type OrganizationEntity = Entity<
  "Organization",
  { readonly name: Kept<string>; readonly slug: Kept<string> },
  None
>
/** Who belongs to which organization. */
export type MembershipEntity = Entity<
  "Membership",
  {
    readonly user: Kept<string>
    readonly organization: Kept<string>
    readonly role: Kept<string>
  },
  None
>

/**
 * The people who sign in; an address is seen by its owner and by administrators. Until the model says more in `.access(…)`, everyone reads their own row alone.
 *
 * @example
 * userEntity().name // "User"
 */
export function userEntity(): UserEntity {
  const fields = {
    name: text().personal(),
    // Colleagues see one another's names, not where mail reaches them.
    email: email()
      .personal()
      .visibleTo(({ row, me }) => anyOf(row.id.is(me.id), me.has("admin"))),
    // Rows of a seed may leave them out: the accounts say which there are.
    roles: list(text()).internal().default([]),
  }
  const User = entity("User", { fields, subject: "id" })
  User.access(({ row, me }) => ({ read: row.id.is(me.id) }))
  return User as unknown as UserEntity
}

/**
 * The organizations that people belong to. Until the model says more in `.access(…)`, its members read one.
 *
 * @example
 * organizationEntity().name // "Organization"
 */
export function organizationEntity(): OrganizationEntity {
  const fields = { name: text().internal(), slug: text().internal() }
  const Organization = entity("Organization", { fields })
  Organization.access(({ row, me }) => ({ read: me.in(row.id) }))
  return Organization as unknown as OrganizationEntity
}

/**
 * Who belongs to which organization, and as what. Until the model says more in `.access(…)`, everyone reads their own.
 *
 * @example
 * membershipEntity().name // "Membership"
 */
export function membershipEntity(): MembershipEntity {
  const fields = {
    user: ref("User").onDelete("cascade"),
    organization: ref("Organization").onDelete("cascade"),
    role: text().internal(),
  }
  const Membership = entity("Membership", { fields, unique: [["user", "organization"]], subject: "user" })
  Membership.access(({ row, me }) => ({ read: row.user.is(me.id) }))
  return Membership as unknown as MembershipEntity
}

/** A model with the entities of accounts, as far as it does not have them. */
export function withAccounts(model: readonly AnyEntity[], organizations: boolean): readonly AnyEntity[] {
  const has = (name: string): boolean => model.some((one) => one.name === name)
  return [
    ...model,
    ...(has("User") ? [] : [userEntity()]),
    ...(organizations && !has("Organization") ? [organizationEntity()] : []),
    ...(organizations && !has("Membership") ? [membershipEntity()] : []),
  ]
}
