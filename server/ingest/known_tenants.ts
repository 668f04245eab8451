/**
 * The tenants of gateways as this process saw them last. Only a shortcut: whoever writes by it makes sure in the same
 * statement that they are still so.
 */
export class KnownTenants {
  #tenants = new Map<string, number>();

  /** Of all of them; null where one is not known. */
  of(gateways: Iterable<string>): Map<string, number> | null {
    const found = new Map<string, number>();
    for (const gateway of gateways) {
      const tenantId = this.#tenants.get(gateway);
      if (tenantId === undefined) return null;
      found.set(gateway, tenantId);
    }
    return found;
  }

  learn(tenants: Map<string, number>): void {
    for (const [gateway, tenantId] of tenants) this.#tenants.set(gateway, tenantId);
  }

  /** To be asked for again: a gateway was removed, or is another tenant's now. */
  forget(): void {
    this.#tenants.clear();
  }
}
