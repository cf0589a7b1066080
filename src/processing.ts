/** What a team says about its processing of personal data, for the records that the law asks for (GDPR Art. 30). */

/** Somebody who can be written to. */
export interface Contact {
  readonly name: string
  /** How they are reached: an address, a mailbox. */
  readonly contact: string
}

/** A company that processes personal data for the controller (GDPR Art. 28). */
export interface Subprocessor {
  readonly name: string
  /** What it does: "hosting of the database". */
  readonly service: string
  /** Where: a country, or a region. */
  readonly place: string
  /** What personal data it gets, in words. */
  readonly data: string
  /** The contract under Art. 28(3): where it is found, and its date. */
  readonly contract?: string
}

/** Data that leaves the European Economic Area (GDPR Chapter V). */
export interface Transfer {
  readonly to: string
  /** What allows it: an adequacy decision, standard contractual clauses. */
  readonly safeguard: string
}

/** What data is processed for. */
export interface ProcessingPurpose {
  readonly name: string
  /** GDPR Art. 6, and Art. 9 for special categories: "Art. 6(1)(b), Art. 9(2)(h)". */
  readonly basis: string
  /** The entities whose data serves it, by name. */
  readonly entities: readonly string[]
  /** How long data is kept for it, where the model's `retain` does not say. */
  readonly retention?: string
}

/** Fields of special categories that are stored in the clear, and why: the builder decides so, and answers for it. */
export interface KeptInClear {
  /** By entity and name: `Observation.kind`. */
  readonly fields: readonly string[]
  /** What keeps them from being encrypted, in a sentence that stands in the evidence. */
  readonly because: string
}

/** The record of processing activities, as far as no model can know it. */
export interface ProcessingRecord {
  /** Who decides about the data, and answers for it. */
  readonly controller: Contact
  /** The data protection officer, where there is one. */
  readonly dpo?: Contact
  readonly purposes: readonly ProcessingPurpose[]
  /** Who is given data, in categories; an empty list says nobody. */
  readonly recipients: readonly string[]
  /** An empty list says that no data leaves the European Economic Area. */
  readonly transfers: readonly Transfer[]
  /** An empty list says that there are none. */
  readonly subprocessors: readonly Subprocessor[]
  /** Measures of the organisation, beside those that the platform shows (Art. 32): "the server room is locked". */
  readonly measures?: readonly string[]
  /** Left out: every field of a special category is to be encrypted. */
  readonly inClear?: readonly KeptInClear[]
}
