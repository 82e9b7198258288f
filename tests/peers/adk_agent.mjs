// Apps for ADK's own api_server that need no model: the app is what a copy of this file is called.
import {BaseLlm, FunctionTool, LlmAgent, ParallelAgent, SequentialAgent} from '@google/adk';
import {basename} from 'node:path';
import {fileURLToPath} from 'node:url';

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const usage = {promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5};

// Says a text as a model does that streams: its words, and then all of it.
async function* say(text, streams, apartMs) {
  for (const word of streams ? text.match(/\S+\s*/g) : []) {
    yield {content: {role: 'model', parts: [{text: word}]}, partial: true};
    await wait(apartMs);
  }
  yield {content: {role: 'model', parts: [{text}]}, finishReason: 'STOP', usageMetadata: usage};
}

class Scripted extends BaseLlm {
  async *generateContentAsync(request, streams) {
    const contents = request.contents.filter((c) => c.role === 'user');
    const last = contents.at(-1).parts.at(-1);
    if (last.functionResponse) {
      yield* say('It is done.', streams, 0);
    } else if (this.model !== 'scripted') {
      yield* say(`${this.model} was asked`, streams, 20);
    } else if (last.text === 'use a tool') {
      yield* say('Let me see.', streams, 0);
      yield {content: {role: 'model', parts: [{functionCall: {name: 'look', args: {}}}]}};
    } else if (last.text === 'count') {
      yield* say(`prompt ${contents.length}`, streams, 0);
    } else if (last.text === 'too much') {
      yield {content: {role: 'model', parts: [{text: 'so far '}]}, partial: true};
      yield {errorCode: 'RESOURCE_EXHAUSTED', errorMessage: 'the quota is used up'};
    } else if (last.text === 'break') {
      throw new Error('the model is gone');
    } else {
      yield* say(`You said: ${last.text}`, streams, 0);
    }
  }
}

const look = new FunctionTool({
  name: 'look', description: 'looks', execute: () => ({text: 'a result'}),
});
const agent = (name, tools) =>
  new LlmAgent({name, model: new Scripted({model: tools ? 'scripted' : name}), tools: tools ?? []});
const apps = {
  helper: () => agent('helper', [look]),
  pair: () => new ParallelAgent({name: 'pair', subAgents: [agent('one'), agent('two')]}),
  chain: () => new SequentialAgent({name: 'chain', subAgents: [agent('one'), agent('two')]}),
};

export const rootAgent = apps[basename(fileURLToPath(import.meta.url), '.mjs')]();
