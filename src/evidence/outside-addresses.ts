/** The addresses outside that a definition names: who signs people in, whose pages may ask, where mail goes. */
import type { BackendDefinition } from "../backend.ts"

export interface OutsideAddress {
  /** What it is for, without the address's own secrets. */
  readonly what: string
  readonly url: string
}

export function outsideAddresses(definition: BackendDefinition): readonly OutsideAddress[] {
  const { accounts, callers, origins = [] } = definition
  const found: (OutsideAddress | null)[] = [
    ...origins.map((url) => ({ what: `the origin ${url}`, url })),
    ...(callers?.issuers ?? []).map(({ jwksUrl }) =>
      jwksUrl === undefined ? null : { what: "the keys of a token issuer", url: jwksUrl },
    ),
    accounts?.url === undefined ? null : { what: "the backend's own address", url: accounts.url },
    ...(accounts?.oauth?.issuers ?? []).map(({ name, issuer }) => ({
      what: `sign-in through ${name}`,
      url: issuer,
    })),
  ]
  return found.filter((one) => one !== null)
}

/** Companies and systems through which people sign in: they learn that somebody does. */
export function signInServices({ accounts }: BackendDefinition): readonly string[] {
  const { google, github, microsoft, apple, issuers = [] } = accounts?.oauth ?? {}
  return [
    ...(google ? ["Google"] : []),
    ...(github ? ["GitHub"] : []),
    ...(microsoft ? ["Microsoft"] : []),
    ...(apple ? ["Apple"] : []),
    ...issuers.map(({ name }) => name),
  ]
}
