/** The circumstances of a request, which the record tells beside the caller: sealed by the process, bound by the database. */
import { createHash } from "node:crypto"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** By which door a request came, from where, and what for. */
export interface Circumstances {
  /** rest, graphql, rpc, auth, cli, live, system. */
  readonly door: string
  /** The request's identifier; null where there is no request. */
  readonly request: string | null
  readonly address: string | null
  /** The purpose of use that the request states. */
  readonly purpose: string | null
}

/** What is said of one transaction beside its circumstances. */
export interface AskedFor extends Circumstances {
  /** The actions that run in it. */
  readonly action?: string
  /** Its statements are the engine's, and record themselves what they read. */
  readonly precise?: boolean
  /** Nothing is written but the record. */
  readonly readOnly?: boolean
}

/** Binds circumstances to a transaction that its caller has entered. */
export const askText = "select undercroft.ask($1, $2)"

/** The two parameters of `askText`. */
export function askValues(asked: AskedFor, key: Buffer): readonly [string, string] {
  return sealedText("asked.", JSON.stringify(asked), key)
}

/** Puts one entry on record: the process says what it is, sealed. */
export const recordText = "select undercroft.record($1, $2)"

/** What the process itself puts on record. */
export interface ToldEntry {
  readonly kind: string
  /** Left out: the caller of the transaction. */
  readonly actor?: string
  readonly entity?: string
  readonly result?: string
  readonly fields?: readonly string[]
  readonly question?: unknown
  readonly detail?: unknown
}

/** The two parameters of `recordText`. */
export function recordValues(entry: ToldEntry, key: Buffer): readonly [string, string] {
  return sealedText("entry.", JSON.stringify(entry), key)
}

/** What is sealed begins with a word of its own, so that no other seal of the same key is one. */
export function sealedText(prefix: string, text: string, key: Buffer): readonly [string, string] {
  const inner = createHash("sha256").update(key).update(prefix).update(text).digest()
  return [text, createHash("sha256").update(key).update(inner).digest("hex")]
}

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** Whether a text was sealed by the process under a prefix. */
export const unsealed = (prefix: string, name: string): string =>
  `${name} is null or seal is null or seal <> encode(sha256(key || sha256(key || convert_to(${quoteLiteral(prefix)} || ${name}, 'UTF8'))), 'hex')`

/**
 * `ask` puts the circumstances beside the caller, under one seal: SQL that takes them away takes the caller away, too, and
 * then the API role writes nothing. `who` begins an entry with them; `record` writes what the process says.
 */
export function circumstanceFunctions(roles: RoleNames): string[] {
  const [api, accounts] = [roles.api, roles.accounts].map(quoteLiteral)
  const internal = quoteName(roles.internal)
  return [
    `create function undercroft.ask(context text, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare key bytea := (select process_key from undercroft_state.keys);
begin
  if ${unsealed("asked.", "context")} then raise exception using errcode = '28000', message = 'unknown circumstances'; end if;
  perform set_config('undercroft.caller', undercroft.bind((coalesce(undercroft.me(), '{}') || jsonb_build_object('asked', context::jsonb))::text), true);
end $undercroft$`,
    // An administrator who acts as somebody else is the actor, on behalf of whom the session is.
    `create function undercroft.who(writes boolean) returns audit.pending volatile ${definer} parallel unsafe as $undercroft$
declare e audit.pending; told jsonb := undercroft.me(); asked jsonb := told -> 'asked'; claims jsonb := told -> 'claims'; request jsonb;
begin
  e.id := gen_random_uuid(); e.at := clock_timestamp(); e.result := 'done'; e.roles := '{}'; e.door := 'database';
  if told is null then
    if session_user = ${api} then raise exception using errcode = '28000', message = 'nobody asks'; end if;
    e.actor := 'database:' || session_user;
    if session_user = ${accounts} then
      request := coalesce(nullif(current_setting('undercroft.request', true), ''), '{}')::jsonb;
      if told ? 'system' then e.actor := 'system:' || (told ->> 'system'); e.door := 'system'; return e; end if;
  e.actor := coalesce('user:' || nullif(request ->> 'actor', ''), 'system:accounts');
      e.credential := 'session:' || (request ->> 'session'); e.door := 'auth'; e.address := request ->> 'address'; e.request := request ->> 'request';
    end if;
    return e;
  end if;
  -- A part of the backend that acts for nobody; only the internal role can say so.
  if told ? 'system' then e.actor := 'system:' || (told ->> 'system'); e.door := 'system'; return e; end if;
  e.actor := coalesce('user:' || nullif(told ->> 'id', ''), 'anonymous');
  if claims ->> 'onBehalf' is not null and claims ->> 'session' is not null then
    e.on_behalf := e.actor; e.actor := 'user:' || (claims ->> 'onBehalf');
  end if;
  if jsonb_typeof(told -> 'roles') = 'array' then e.roles := array(select jsonb_array_elements_text(told -> 'roles')); end if;
  e.assurance := claims ->> 'assurance';
  e.credential := coalesce('session:' || (claims ->> 'session'), 'key:' || (claims ->> 'key'), 'token:' || (told ->> 'issuer'));
  if asked is not null then
    if writes and (asked ->> 'readOnly')::boolean then raise exception using errcode = '25006', message = 'read only'; end if;
    e.door := asked ->> 'door'; e.request := asked ->> 'request'; e.address := asked ->> 'address'; e.purpose := asked ->> 'purpose';
    e.detail := case when asked ? 'action' then jsonb_build_object('action', asked -> 'action') end;
  end if;
  return e;
end $undercroft$`,
    `create function undercroft.record(entry text, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare key bytea := (select process_key from undercroft_state.keys); e audit.pending; told jsonb;
begin
  if ${unsealed("entry.", "entry")} then raise exception using errcode = '28000', message = 'unknown entry'; end if;
  told := entry::jsonb;
  e := undercroft.who(false);
  e.kind := told ->> 'kind'; e.actor := coalesce(told ->> 'actor', e.actor); e.entity := told ->> 'entity'; e.question := told -> 'question';
  e.result := coalesce(told ->> 'result', 'done'); e.detail := nullif(coalesce(e.detail, '{}') || coalesce(told -> 'detail', '{}'), '{}');
  if told ? 'fields' then e.fields := array(select jsonb_array_elements_text(told -> 'fields')); end if;
  insert into audit.pending values (e.*);
end $undercroft$`,
    ...["ask(text, text)", "who(boolean)", "record(text, text)"].flatMap((name) => [
      `alter function undercroft.${name} owner to ${internal}`,
      `revoke all on function undercroft.${name} from public`,
      ...(name === "who(boolean)"
        ? []
        : [`grant execute on function undercroft.${name} to ${quoteName(roles.api)}`]),
    ]),
  ]
}
