import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

/** What each floor may import, beside packages and itself; an arrow only points down. */
const arrows: Record<string, string[]> = {
  "shared/mbus": [],
  "shared/wire": [],
  "shared/resource": ["shared/wire"],
  "gateway": ["shared/mbus", "shared/wire", "shared/resource"],
  "server": ["shared/mbus", "shared/wire", "shared/resource"],
};

/** Every import between the project's own modules that starts at the entry, as [importer, imported]. */
async function importsFrom(entry: string): Promise<[string, string][]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const info = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string; dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[] }[];
  };
  const own = (specifier = "") => {
    const path = specifier.startsWith(root.href) ? specifier.slice(root.href.length) : "";
    return path === "" || /^(?:node_modules|deploy\/jsr)\//.test(path) ? null : path;
  };
  return info.modules.flatMap(({ specifier, dependencies = [] }) =>
    dependencies.flatMap(({ code, type }): [string, string][] => {
      const from = own(specifier);
      const to = own(code?.specifier ?? type?.specifier);
      return from === null || to === null ? [] : [[from, to]];
    })
  );
}

function floorOf(path: string): string | undefined {
  return Object.keys(arrows).find((floor) => path.startsWith(`${floor}/`));
}

function againstTheArrows(imports: [string, string][]): string[] {
  return imports.flatMap(([from, to]) => {
    const [floor, below] = [floorOf(from), floorOf(to)];
    if (floor === undefined || floor === below) return [];
    return below !== undefined && arrows[floor]?.includes(below) ? [] : [`${from} imports ${to}`];
  });
}

Deno.test("imports only point down, and gateway and server never meet", async () => {
  for (const entry of ["gateway/main.ts", "server/main.ts"]) {
    const imports = await importsFrom(entry);
    assert(imports.length > 20, `${entry} was not walked`);
    assertEquals(againstTheArrows(imports), []);
  }
});

Deno.test("imports that point up are found", () => {
  assertEquals(againstTheArrows([["shared/mbus/frame.ts", "shared/wire/mod.ts"]]).length, 1);
  assertEquals(againstTheArrows([["gateway/mod.ts", "server/mod.ts"]]).length, 1);
  assertEquals(againstTheArrows([["gateway/mod.ts", "tests/simulator/bus.ts"]]).length, 1);
  assertEquals(againstTheArrows([["gateway/mod.ts", "shared/mbus/mod.ts"], ["main.ts", "server/main.ts"]]), []);
});

Deno.test("shared/mbus imports nothing but its own files and the platform's cryptography", async () => {
  for (const path of await typescriptBelow(new URL("shared/mbus/", root))) {
    const text = await Deno.readTextFile(path);
    for (const [, specifier = ""] of text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"/gms)) {
      const inside = /^\.{1,2}\//.test(specifier) && new URL(specifier, path).href.startsWith(`${root}shared/mbus/`);
      assert(inside || specifier === "node:crypto", `${path.pathname} imports ${specifier}`);
    }
  }
});

async function typescriptBelow(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await typescriptBelow(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts")) found.push(new URL(name, folder));
  }
  return found;
}
