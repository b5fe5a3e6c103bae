import { deviceRefOf } from '@touchmark/ca-port';
import { CliError } from '../cli-error.js';
import type { Api, Resource } from './api.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MODELS = 10_000;

/**
 * The device that a person means: by deviceRef, by `model/deviceSerial`, or by deviceSerial alone, where no two models have it.
 * Throws NOT_FOUND, AMBIGUOUS.
 */
export async function findDevice(api: Api, text: string): Promise<Resource> {
  if (UUID.test(text)) return (await api.find(`/v1/devices/${text.toLowerCase()}`)) ?? notFound(text);
  const slash = text.indexOf('/');
  const models =
    slash < 0 ? (await api.list('/v1/models', 'after', MODELS)).items : [await modelOf(api, text.slice(0, slash))];
  const deviceSerial = text.slice(slash + 1);
  const found: Resource[] = [];
  for (const model of models) {
    // every process makes the same reference of the same names, so no search is needed
    const deviceRef = deviceRefOf({ realm: String(model['realm']), model: String(model['name']), deviceSerial });
    const device = await api.find(`/v1/devices/${deviceRef}`);
    if (device) found.push(device);
  }
  const [device, ...others] = found;
  if (device === undefined) return notFound(text);
  if (others.length === 0) return device;
  const names = found.map(({ model }) => `${String(model)}/${deviceSerial}`).join(', ');
  throw new CliError('AMBIGUOUS', `${plainly(found.length)} devices are called ${text}`, {
    hint: `Say which: ${names}.`,
  });
}

const plainly = (count: number): string => (count === 2 ? 'Two' : String(count));

async function modelOf(api: Api, name: string): Promise<Resource> {
  return api.get(`/v1/models/${encodeURIComponent(name)}`);
}

function notFound(text: string): never {
  throw new CliError('NOT_FOUND', `there is no device ${text}`, {
    hint: 'Search with: touchmark device list --serial-prefix PREFIX.',
  });
}
