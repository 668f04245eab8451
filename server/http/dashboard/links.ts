/** The address of a page or a fragment; on the demo's pages it carries the secret on. */
export function link(path: string, demo: string, parameters: Record<string, string | null> = {}): string {
  const query = new URLSearchParams();
  if (demo !== "") query.set("demo", demo);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) query.set(name, value);
  }
  return query.size === 0 ? path : `${path}?${query}`;
}
