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
