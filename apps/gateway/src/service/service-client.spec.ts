import { TEST_NOW, TestFeed, TestStatus } from '@touchmark/testkit';
import { afterEach, expect, it, vi } from 'vitest';
import { ServiceClient } from './service-client.js';

afterEach(() => vi.unstubAllEnvs());

it('speaks with the service alone, also where the environment would have anybody trusted', async () => {
  const service = await TestFeed.open(new TestStatus(), () => TEST_NOW);
  const stranger = await TestFeed.open(new TestStatus(), () => TEST_NOW);
  service.script = ({ response }) => response.end('{"accepted":1}');
  const client = new ServiceClient(service.url, service.tls);
  try {
    expect(await client.post('/x', {})).toEqual({ status: 200, body: { accepted: 1 } });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    client.close();
    client.setTls({ ...service.tls, ca: stranger.tls.ca });
    await expect(client.post('/x', {})).rejects.toThrow();
    expect(service.requests).toHaveLength(1);
  } finally {
    client.close();
    await service.close();
    await stranger.close();
  }
});
