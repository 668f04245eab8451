/**
 * An answer that is an error, as RFC 9457 has it: `application/problem+json`. `detail` is a sentence for a person,
 * "Cannot …"; `code` is stable and for programs.
 */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 500 | 503,
    readonly code: string,
    detail: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }

  toResponse(): Response {
    const body = { type: "about:blank", title: TITLES[this.status], status: this.status, code: this.code };
    return new Response(JSON.stringify({ ...body, detail: this.message }), {
      status: this.status,
      headers: {
        "content-type": "application/problem+json; charset=utf-8",
        "cache-control": "no-store",
        ...this.headers,
      },
    });
  }
}

const TITLES: Record<Problem["status"], string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The answer to a request without a token that counts. */
export function unauthorized(detail: string): Problem {
  return new Problem(401, "unauthorized", detail, { "www-authenticate": 'Bearer realm="mbus-gateway"' });
}

/** The answer where there is nothing, or nothing that this tenant may see: the two look alike. */
export function notFound(detail: string): Problem {
  return new Problem(404, "not_found", detail);
}
