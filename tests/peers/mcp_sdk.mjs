// A server of the revision 2026-07-28 alone, made with the SDK of the Model Context Protocol.
//
// usage: mcp_sdk.mjs stdio | http       in a folder whose node_modules has the SDK; http: it says
//                                       "listening on URL", on 127.0.0.1
import { createServer } from 'node:http';
import { McpServer, createMcpHandler, fromJsonSchema } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { toNodeHandler } from '@modelcontextprotocol/node';

const numbers = fromJsonSchema({
    type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b']
});
const text = (text) => ({ content: [{ type: 'text', text }] });

function make() {
    const server = new McpServer({ name: 'sdk', version: '1' }, { capabilities: { tools: { listChanged: true } } });
    server.registerTool('add', { description: 'Adds', inputSchema: numbers }, ({ a, b }) => text(String(a + b)));
    server.registerTool('fail', { description: 'Fails' }, () => { throw new Error('out of order'); });
    server.registerTool('grow', { description: 'Has one tool more from then on' }, () => {
        server.registerTool('grown', { description: 'New' }, () => text('new'));
        return text('grown');
    });
    return server;
}

if (process.argv[2] === 'stdio') {
    serveStdio(make, { legacy: 'reject' });
} else {
    const http = createServer(toNodeHandler(createMcpHandler(make, { legacy: 'reject' })));
    http.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}/`));
}
