/** Text as it stands in HTML, between tags and in quoted attributes. */

/**
 * Escapes what HTML reads as markup.
 *
 * @example
 * escapeHtml("a < b") // "a &#60; b"
 */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
