/** What the engine promises where more than one answer would be right: the codes of its refusals. */

/** Any refusal of the 4xx kind will do. */
export const anyRefusal = "*"

/** A value that the field's kind does not take, in a filter or in a body. */
export const badValueCodes: readonly string[] = [
  "22P02",
  "22003",
  "22007",
  "22008",
  "22021",
  "22P05",
  "22001",
  "23514",
  "PGRST102",
]

/** What can't be asked of an encrypted field. */
export const encryptedCode = "UC330"

/** A row that the policy does not let be written. */
export const policyCode = "42501"

/** The same for a caller without a token, who may want to sign in first. */
export const anonymousPolicyCode = "42501"

/** A reference to a row that is absent, or that the caller can't see: the two must be alike. */
export const referenceCodes: readonly string[] = ["23503"]

export const notNullCode = "23502"
export const uniqueCode = "23505"
/** A row that is still referred to, from elsewhere or from its own kind. */
export const referredCodes: readonly string[] = ["23503"]
