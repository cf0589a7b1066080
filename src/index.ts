/** The door `undercroft`: what a team writes its model with. */

export {
  type Action,
  type ActionCaller,
  type ActionScope,
  action,
  fail,
  type SystemScope,
} from "./actions/action.ts"
export type { ActionLog } from "./actions/action-log.ts"
export { beforeWrite, type EntityWrite, type Hook, type HookResult, type HookScope } from "./actions/hook.ts"
export { type BackendDefinition, defineBackend } from "./backend.ts"
export { UndercroftError } from "./base/errors.ts"
export {
  type MembershipEntity,
  membershipEntity,
  type OrganizationEntity,
  organizationEntity,
  type UserEntity,
  userEntity,
} from "./model/account-entities.ts"
export { actor, claim, type Me } from "./model/actor.ts"
export type { LooseScope as RuleScope } from "./model/capture.ts"
export {
  add,
  allOf,
  anyOf,
  anyone,
  concat,
  lower,
  multiply,
  nobody,
  not,
  now,
  signedIn,
  subtract,
  today,
  upper,
} from "./model/capture.ts"
export {
  type ConsentEntity,
  consentEntity,
  type LegalBasis,
  type Purpose,
  type PurposeEntity,
} from "./model/consent.ts"
export {
  type Coarsening,
  type Dataset,
  type DatasetColumns,
  type DatasetOptions,
  type DatasetScope,
  dataset,
} from "./model/dataset.ts"
export { type AnyEntity, type Entity, entity, view } from "./model/entity.ts"
export type { CollectionOf, Field, Insert, Many, Row, Update } from "./model/field.ts"
export { bigint } from "./model/fields/bigint.ts"
export { boolean } from "./model/fields/boolean.ts"
export { choice } from "./model/fields/choice.ts"
export { date } from "./model/fields/date.ts"
export { decimal } from "./model/fields/decimal.ts"
export { duration } from "./model/fields/duration.ts"
export { email } from "./model/fields/email.ts"
export { file } from "./model/fields/file.ts"
export { generated } from "./model/fields/generated.ts"
export { instant } from "./model/fields/instant.ts"
export { integer, serial } from "./model/fields/integer.ts"
export { json } from "./model/fields/json.ts"
export { list } from "./model/fields/list.ts"
export { money } from "./model/fields/money.ts"
export { point } from "./model/fields/point.ts"
export { range } from "./model/fields/range.ts"
export { many, ref } from "./model/fields/reference.ts"
export { text } from "./model/fields/text.ts"
export { time } from "./model/fields/time.ts"
export { url } from "./model/fields/url.ts"
export { uuid } from "./model/fields/uuid.ts"
export { ModelError } from "./model/model-error.ts"
export { type OverrideEntity, type OverrideKind, overrideEntity } from "./model/override.ts"
export {
  type AtOnceKind,
  type PrivacyRequestEntity,
  privacyRequestEntity,
  type RequestKind,
  type RequestRules,
  type RequestStatus,
} from "./model/privacy-request.ts"
export {
  type AccessToMeEntity,
  type AuditEntryEntity,
  accessToMeEntity,
  auditEntryEntity,
  type RecordReaders,
} from "./model/record-entities.ts"
export type { ProcessingRecord } from "./processing.ts"
