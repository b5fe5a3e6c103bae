import path from 'node:path';

/** Objects of named strings and numbers, by file and name. */
const OBJECTS = {
  'libs/der/src/oids.ts': 'Oid',
  'libs/der/src/tags.ts': 'Tag',
  'libs/status-list/src/seat-value.ts': 'SeatValue',
};

const PREFIX = '\0constants:';

/**
 * Makes a module of constants of each of these objects, named by a namespace of the same name, so that what nobody uses is left out and
 * the rest stands where it is used. `Oid.sha256` means the same in either form.
 */
export function constantObjects(root) {
  const files = new Map(Object.entries(OBJECTS).map(([file, name]) => [path.join(root, file), name]));
  const modules = new Map();
  return {
    name: 'constant-objects',
    resolveId: (id) => (id.startsWith(PREFIX) ? { id, moduleSideEffects: false } : undefined),
    load: (id) => (id.startsWith(PREFIX) ? modules.get(id) : undefined),
    transform: {
      order: 'pre',
      handler(code, id) {
        const name = files.get(id);
        if (name === undefined) return undefined;
        const declaration = new RegExp(`^export const ${name} = \\{(?<members>[^{}]*)\\} as const;$`, 'm');
        const { members } = declaration.exec(code)?.groups ?? {};
        if (members === undefined) throw new Error(`${id}: no object ${name}`);
        const module = PREFIX + name;
        modules.set(module, constantsOf(name, members));
        return code.replace(declaration, `import * as ${name} from ${JSON.stringify(module)};\nexport { ${name} };`);
      },
    },
  };
}

function constantsOf(name, members) {
  const plain = members.replaceAll(/\/\/.*$/gm, '');
  const entries = [...plain.matchAll(/(\w+):\s*('[^']*'|\w+)\s*(?:,|$)/g)];
  if (plain.replaceAll(/(\w+):\s*('[^']*'|\w+)\s*(?:,|$)/g, '').trim() !== '')
    throw new Error(`${name} has other members than strings and numbers`);
  return entries.map(([, key, value]) => `const _${key} = ${value};\nexport { _${key} as ${key} };`).join('\n');
}
