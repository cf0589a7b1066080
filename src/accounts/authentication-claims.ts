/** How somebody proved who they are, in the words that other applications know: `amr` (RFC 8176) and `acr`. */

/** The levels, as the API names them where it asks for more (`acr_values="two-factor"`). */
export const acrValues: readonly string[] = ["one-factor", "two-factor"]

/** RFC 8176, 2. It has no word for a link by mail, nor for what another provider vouches for. */
const amrValues: readonly (readonly [way: RegExp, values: readonly string[]])[] = [
  [/^sign-(in|up)\/email$/, ["pwd"]],
  [/^(two-factor\/verify-|sign-in\/email-otp$)/, ["otp"]],
  [/^passkey\//, ["pop", "user"]],
]

/** The claims of a session with these fields. */
export function authenticationClaims(session: { readonly assurance?: unknown; readonly methods?: unknown }): {
  readonly acr: string
  readonly amr?: readonly string[]
} {
  const isTwo = session.assurance === "two-factor"
  const found = amrValues.find(([way]) => way.test(String(session.methods)))?.[1] ?? []
  const amr = [...found, ...(isTwo ? ["mfa"] : [])]
  return { acr: isTwo ? "two-factor" : "one-factor", ...(amr.length > 0 ? { amr } : {}) }
}
