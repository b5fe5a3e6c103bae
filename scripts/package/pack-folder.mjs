import path from 'node:path';
import { npm } from './npm.mjs';

/** `npm pack`; answers the path of the tarball in `to`. */
export function packFolder(folder, to) {
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', to], { cwd: folder }),
  );
  return path.join(to, filename);
}
