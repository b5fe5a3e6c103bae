// What the gateway of the demo protects: tells who it was told is asking, and streams a line a second to who asks for that.
import { createServer } from 'node:http';

const identityOf = (request) => {
  const [, claims = ''] = (request.headers['touchmark-identity'] ?? '').split('.');
  return claims === '' ? 'nobody' : JSON.parse(Buffer.from(claims, 'base64url')).sub;
};

const server = createServer((request, response) => {
  request.resume();
  if (!request.url.endsWith('/stream')) {
    response.setHeader('Content-Type', 'text/plain');
    response.end(`Hello, ${identityOf(request)}\n`);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.write(`streaming to ${identityOf(request)}\n`);
  const ticking = setInterval(() => response.write('tick\n'), 1_000);
  response.once('close', () => clearInterval(ticking));
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('upstream listens\n'));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
