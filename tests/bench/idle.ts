// The floor of the bench of the gateway: a Deno that only waits.
setInterval(() => {}, 1_000);
