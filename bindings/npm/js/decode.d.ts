/**
 * Reads what a JWT says without checking that it is true: for showing a name, or for fetching a new token before the
 * old one ends. Nothing here decides whether a caller may do something; `Gate` in `portcullis` does.
 *
 * @module
 */

/** The text is not a JWT in compact form. */
export declare class DecodeError extends Error {
  readonly name: "DecodeError";
  /** Stable; the same as the gate's reason for refusing such a token. */
  readonly code: "token_malformed";
}

/**
 * The header of a token that nobody has verified. The types are those that RFC 7515 asks for; a token can say anything.
 */
export interface UnverifiedHeader {
  /** The algorithm that the token claims to be signed with. */
  readonly alg?: string;
  /** The kind of token. */
  readonly typ?: string;
  /** The name of the key that the token claims to be signed with. */
  readonly kid?: string;
  readonly [name: string]: unknown;
}

/**
 * The claims of a token that nobody has verified. The types are those that RFC 7519 asks for; a token can say anything.
 */
export interface UnverifiedClaims {
  /** Who issued the token. */
  readonly iss?: string;
  /** Whom it is about. */
  readonly sub?: string;
  /** Whom it is for. */
  readonly aud?: string | readonly string[];
  /** When it ends, in seconds since the epoch. */
  readonly exp?: number;
  /** When it begins, in seconds since the epoch. */
  readonly nbf?: number;
  /** When it was issued, in seconds since the epoch. */
  readonly iat?: number;
  /** Its identifier. */
  readonly jti?: string;
  readonly [name: string]: unknown;
}

/** What a token says. Its signature has not been looked at: anybody can write such a token. */
export interface UnverifiedToken<Claims = UnverifiedClaims> {
  /** The JOSE header. */
  readonly header: UnverifiedHeader;
  /** The claims. */
  readonly claims: Claims;
}

/**
 * Reads header and claims of a token **without verifying it**.
 *
 * Three segments of canonical base64url are accepted, the first two of them JSON objects in UTF-8. A member that occurs
 * twice counts with its last value here; the gate refuses such a token.
 *
 * @typeParam Claims - What the claims are believed to look like; not checked.
 * @throws {@link DecodeError} for anything else, whatever it is.
 */
export declare function decodeUnverified<Claims = UnverifiedClaims>(token: string): UnverifiedToken<Claims>;

/**
 * When a token ends by its own word, or `null` if it does not say so with a number that is a time.
 *
 * @throws {@link DecodeError} if it is not a token.
 */
export declare function expiresAt(token: string): Date | null;

/**
 * Whether a token has ended by its own word. One that does not say when it ends counts as expired: a gate refuses it.
 *
 * @param now - The time to compare with; the present if left out.
 * @throws {@link DecodeError} if it is not a token.
 */
export declare function isExpired(token: string, now?: Date): boolean;

/**
 * Whole seconds until a token ends by its own word; 0 if it has, or does not say.
 *
 * @param now - The time to compare with; the present if left out.
 * @throws {@link DecodeError} if it is not a token.
 */
export declare function secondsLeft(token: string, now?: Date): number;
