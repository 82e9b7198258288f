// An agent on the servers of A2A's own SDK, of version 1.0 and of 0.3, that needs no model.
//
// usage: node a2a_agent.mjs, beside a node_modules with @a2a-js/sdk, a2a-sdk-0.3 and express
//
// Prints its URL; the agents are in its folders new, old, new-whole and old-whole, which do not
// stream, and compat, the older protocol on the newer server.
import * as sdk from '@a2a-js/sdk';
import * as server from '@a2a-js/sdk/server';
import * as web from '@a2a-js/sdk/server/express';
import * as oldServer from 'a2a-sdk-0.3/server';
import * as oldWeb from 'a2a-sdk-0.3/server/express';
import express from 'express';

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const contexts = new Map(); // how often each was asked

// What both SDKs publish, in the words of each.
const words = {
  new: {
    text: (t) => ({content: {$case: 'text', value: t}, metadata: undefined, filename: '', mediaType: ''}),
    agent: sdk.Role?.ROLE_AGENT ?? 2,
    state: (s) => sdk.TaskState[`TASK_STATE_${s.toUpperCase().replace('-', '_')}`],
    said: (message) => message.parts.map((p) => p.content?.value ?? '').join(''),
    event: (kind, more) => server.AgentEvent[kind](more),
  },
  old: {
    text: (t) => ({kind: 'text', text: t}),
    agent: 'agent',
    state: (s) => s,
    said: (message) => message.parts.map((p) => p.text ?? '').join(''),
    event: (kind, more) => ({
      kind: {statusUpdate: 'status-update', artifactUpdate: 'artifact-update'}[kind] ?? kind, ...more,
    }),
  },
};

class Agent {
  constructor(w) {
    this.w = w;
  }

  async execute({taskId, contextId, userMessage}, bus) {
    const {w} = this;
    const prompt = w.said(userMessage);
    const message = (text) => ({
      ...(w === words.old ? {kind: 'message'} : {}), messageId: crypto.randomUUID(), role: w.agent,
      parts: [w.text(text)], taskId, contextId, extensions: [], referenceTaskIds: [],
    });
    const status = (state, text) => ({
      state: w.state(state), timestamp: new Date().toISOString(),
      message: text ? message(text) : undefined,
    });
    const publish = (kind, more) => bus.publish(w.event(kind, {contextId, metadata: undefined, ...more}));
    const becomes = (state, text, final = true) =>
      publish('statusUpdate', {taskId, status: status(state, text), final});
    const put = (artifactId, text, append = false, lastChunk = false) => publish('artifactUpdate', {
      taskId, append, lastChunk,
      artifact: {artifactId, name: '', description: '', parts: [w.text(text)], extensions: []},
    });

    contexts.set(contextId, (contexts.get(contextId) ?? 0) + 1);
    if (prompt === 'message') {
      bus.publish(w.event('message', {...message('Hello é 😀.'), taskId: ''}));
      return bus.finished();
    }
    publish('task', {id: taskId, status: status('submitted'), artifacts: [], history: [userMessage]});
    becomes('working', 'hm', false);
    if (prompt === 'fail') {
      put('a', 'so far');
      becomes('failed', 'the oven is cold');
    } else if (prompt === 'break') {
      throw new Error('the agent broke');
    } else if (prompt === 'ask') {
      becomes('input-required', 'which one?');
    } else if (prompt === 'replace') {
      put('a', 'a draft');
      put('a', 'the text', false, true);
      becomes('completed');
    } else if (prompt === 'two') {
      put('a', 'one');
      put('b', 'three');
      put('a', ' two', true, true);
      becomes('completed');
    } else if (prompt === 'count') {
      put('a', `question ${contexts.get(contextId)}`);
      becomes('completed');
    } else {
      let append = false;
      for (const word of `You said: ${prompt}`.match(/\S+\s*/g)) {
        put('a', word, append);
        append = true;
        await wait(10);
      }
      becomes('completed');
    }
    bus.finished();
  }

  async cancelTask() {}
}

const app = express();
let base;

function newAgent(folder, streaming, versions) {
  const card = {
    name: folder, description: 'a test', version: '1', documentationUrl: undefined, iconUrl: undefined,
    provider: undefined, capabilities: {streaming, pushNotifications: false, extensions: []},
    supportedInterfaces: versions.map((protocolVersion) => ({
      url: `${base}/${folder}/rpc`, protocolBinding: 'JSONRPC', tenant: '', protocolVersion})),
    securitySchemes: {}, securityRequirements: [], defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'], skills: [], signatures: [],
  };
  const requestHandler = new server.DefaultRequestHandler(
    card, new server.InMemoryTaskStore(), new Agent(words.new));
  const legacyCompat = {enabled: versions.includes('0.3')};
  const userBuilder = web.UserBuilder.noAuthentication;
  app.use(`/${folder}/.well-known/agent-card.json`,
    web.agentCardHandler({agentCardProvider: requestHandler, legacyCompat}));
  app.use(`/${folder}/rpc`, web.jsonRpcHandler({requestHandler, userBuilder, legacyCompat}));
}

function oldAgent(folder, streaming) {
  const card = {
    protocolVersion: '0.3.0', name: folder, description: 'a test', version: '1',
    url: `${base}/${folder}/rpc`, preferredTransport: 'JSONRPC', capabilities: {streaming},
    defaultInputModes: ['text'], defaultOutputModes: ['text'], skills: [],
  };
  const requestHandler = new oldServer.DefaultRequestHandler(
    card, new oldServer.InMemoryTaskStore(), new Agent(words.old));
  const userBuilder = oldWeb.UserBuilder.noAuthentication;
  app.use(`/${folder}/.well-known/agent-card.json`,
    oldWeb.agentCardHandler({agentCardProvider: requestHandler}));
  app.use(`/${folder}/rpc`, oldWeb.jsonRpcHandler({requestHandler, userBuilder}));
}

const listener = app.listen(0, '127.0.0.1', () => {
  base = `http://127.0.0.1:${listener.address().port}`;
  newAgent('new', true, ['1.0']);
  newAgent('new-whole', false, ['1.0']);
  newAgent('compat', true, ['0.3']);
  oldAgent('old', true);
  oldAgent('old-whole', false);
  console.log(`listening on ${base}/`);
});
