/** What an anchor is: a place outside of the database that keeps the heads of the record. */

/** A signed head, as it goes out. */
export interface SignedHead {
  readonly size: number
  /** In base64. */
  readonly root: string
  /** The head as C2SP's signed checkpoint. */
  readonly checkpoint: string
  /** The public key that it is signed by, `<name>+<identifier>+<base64>`. */
  readonly key: string
}

/** Takes heads. What it was given once, whoever holds the database can't take back. */
export interface Anchor {
  readonly name: string
  /** Keeps a head; throws when it could not, and is then asked again. */
  put(head: SignedHead): Promise<void>
  /** The last head that it knows, where it can tell: the sealer does not go on from an earlier one. */
  last?(): Promise<SignedHead | null>
}

/** An anchor across a network: a courier brings it heads, so that sealing does not wait for it. */
export interface RemoteAnchor {
  /** Told in errors, and known by in the database: without anything secret. */
  readonly name: string
  /** At most one head in this time. */
  readonly everySeconds: number
  /** Keeps a head, throws when it could not; gives a signature of its own under the head, where it makes one. */
  put(head: SignedHead, prove: ProveSince): Promise<Cosigned | null>
}

/** The proof that a head goes on from a smaller size, as hashes in base64. */
export type ProveSince = (older: number) => Promise<readonly string[]>

/** A line of a signed note (C2SP tlog-cosignature), and whose it is. */
export interface Cosigned {
  readonly witness: string
  readonly line: string
}
