import { assertEquals, assertRejects } from "@std/assert";
import { httpClient } from "@mbus-gateway/resource";
import { certificateAdvice } from "../../../shared/resource/certificate_advice.ts";
import { testAuthority } from "../../fixtures/certificates.ts";
import { needs } from "../../fixtures/needs.ts";

Deno.test("certificateAdvice() says the same whenever it is asked, and nothing of other troubles", () => {
  const says = (seconds: number) =>
    `invalid peer certificate: certificate not valid yet: verification time ${1_795_715_653 - seconds} (UNIX), ` +
    `but certificate is not valid before 1795719253 (${3_600 + seconds} seconds in future)`;
  assertEquals(certificateAdvice(says(0)), certificateAdvice(says(60)));
  assertEquals(
    certificateAdvice(says(0)),
    "its certificate is valid from 2026-11-26T18:54:13Z on, which this machine's clock has not reached; " +
      "correct the clock, or wait",
  );
  assertEquals(certificateAdvice("tls handshake eof"), null);
});

Deno.test({
  name: "httpClient() says of a server's certificate that its time has not come",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    const from = new Date("2100-01-01T00:00:00Z");
    const pair = await authority.server({ valid: { from, to: new Date("2101-01-01T00:00:00Z") } });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, ...pair }, () => new Response());
    await using http = httpClient({ caCerts: [authority.ca] });
    const url = `https://localhost:${server.addr.port}/`;
    const says = "its certificate is valid from 2100-01-01T00:00:00Z on";
    await assertRejects(() => http.request("GET", url), Error, says);
  },
});
