/**
 * Why a request got no answer, in one line: "ECONNREFUSED" rather than "fetch failed", since the cause says more than
 * the wrapper. What `fetch` says of a header or an address that it does not take quotes it, secrets and all: the
 * message of a TypeError is never repeated.
 */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return inOneLine(String(cause));
  // The code of a DOMException, such as that of a time-out, is a number that says nothing to anybody: 23.
  const { code } = cause as { readonly code?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  if (cause instanceof TypeError) return 'the request cannot be sent as it is';
  return inOneLine(cause.message);
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
