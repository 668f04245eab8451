/** What a page without meters says: what to do next, as a list that can be followed. */
export function EmptyState({ gateways, origin }: { gateways: number; origin: string }) {
  if (gateways > 0) {
    return (
      <section class="empty">
        <h2>No readings yet</h2>
        <p>
          {gateways === 1 ? "A gateway is registered." : `${gateways} gateways are registered.`}{" "}
          A meter appears here with its first reading. If none comes, see that the gateway runs, that its configuration
          lists the meters under <code>buses</code>, and what its log says.
        </p>
      </section>
    );
  }
  const register = `curl -X POST ${origin}/api/v1/gateways \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"gateway":"GW-0001"}'`;
  return (
    <section class="empty">
      <h2>No gateway yet</h2>
      <ol>
        <li>
          Register one with an API token; the answer holds the gateway's own token, shown this once:
          <pre><code>{register}</code></pre>
        </li>
        <li>
          Keep that token in the file that <code>platform.tokenFile</code> of the gateway's configuration names.
        </li>
        <li>
          Start the gateway: <code>deno task gateway</code>. Its meters appear here with their first readings.
        </li>
      </ol>
    </section>
  );
}
