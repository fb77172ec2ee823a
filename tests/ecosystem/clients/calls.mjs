// One call of one JavaScript client, described by a line of JSON on stdin. Each piece of a stream is a line on
// stdout, `{"piece": ...}`; what a call returns is `{"value": ...}`, what it throws `{"error", "message"}`.
// After each line the caller says `next`, or `leave`: then the stream is left as one leaves a loop.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const asked = JSON.parse((await said.next()).value);
const { prompt, messages, schema } = asked;
const require = createRequire(asked.packages + "/");

const load = async (name) => import(pathToFileURL(require.resolve(name)));

async function tell(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
  return (await said.next()).value;
}

let left = false;

async function pieces(stream, text) {
  for await (const chunk of stream) {
    if ((await tell({ piece: text(chunk) })) === "leave") {
      left = true;
      break;
    }
  }
}

const read = (calls) => calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
const content = (answer) => answer.choices[0].message.content;

async function joined(stream) {
  const parts = [];
  for await (const chunk of stream) {
    parts.push(...(chunk.choices[0].delta.tool_calls ?? []));
  }
  const whole = parts.map((part) => part.function.arguments).join("");
  return [[parts[0].function.name, JSON.parse(whole)]];
}

async function hub() {
  const { InferenceClient } = await load("@huggingface/inference");
  const client = new InferenceClient(asked.key, { endpointUrl: asked.url });
  const parameters = { max_new_tokens: 200 };
  const grammar = { type: "json", value: schema };
  const chat = { messages, max_tokens: 200 };
  return {
    // the stream's chunks are those of /v1/completions, whatever their declared type says
    completion: async () => (await client.textGeneration({ inputs: prompt, parameters })).generated_text,
    completion_stream: () =>
      pieces(client.textGenerationStream({ inputs: prompt, parameters }), (chunk) => chunk.choices[0].text),
    chat: async () => content(await client.chatCompletion(chat)),
    chat_stream: () =>
      pieces(client.chatCompletionStream(chat), (chunk) => chunk.choices[0].delta.content ?? ""),
    tools: async () => {
      const answer = await client.chatCompletion({ ...chat, tools: [asked.tool] });
      return read(answer.choices[0].message.tool_calls ?? []);
    },
    tools_stream: () => joined(client.chatCompletionStream({ ...chat, tools: [asked.tool] })),
    structured_chat: async () =>
      JSON.parse(content(await client.chatCompletion({ ...chat, response_format: grammar }))),
    structured_openai: async () =>
      JSON.parse(content(await client.chatCompletion({ ...chat, response_format: asked.openai_format }))),
    image: async () =>
      content(await client.chatCompletion({ ...chat, messages: [{ role: "user", content: asked.seeing }] })),
  };
}

async function openai() {
  const { default: OpenAI } = await load("openai");
  const client = new OpenAI({
    baseURL: asked.url + "/v1",
    apiKey: asked.key,
    timeout: asked.timeout * 1000,
  });
  const chat = { model: "tgi", messages, max_tokens: 200 };
  const text = { model: "tgi", prompt, max_tokens: 200 };
  const create = (more) => client.chat.completions.create({ ...chat, ...more });
  return {
    chat: async () => content(await create({})),
    chat_stream: async () =>
      pieces(await create({ stream: true }), (chunk) => chunk.choices[0].delta.content ?? ""),
    tools: async () => read((await create({ tools: [asked.tool] })).choices[0].message.tool_calls ?? []),
    tools_stream: async () => joined(await create({ tools: [asked.tool], stream: true })),
    structured_chat: async () =>
      JSON.parse(content(await create({ response_format: { type: "json_object", value: schema } }))),
    structured_openai: async () => JSON.parse(content(await create({ response_format: asked.openai_format }))),
    completion: async () => (await client.completions.create(text)).choices[0].text,
    completion_stream: async () =>
      pieces(await client.completions.create({ ...text, stream: true }), (chunk) => chunk.choices[0].text),
    image: async () => content(await create({ messages: [{ role: "user", content: asked.seeing }] })),
    models: async () => {
      const ids = [];
      for await (const model of client.models.list()) {
        ids.push(model.id);
      }
      return ids;
    },
  };
}

try {
  const calls = await { "@huggingface/inference": hub, openai }[asked.client]();
  const value = await calls[asked.feature]();
  if (left) {
    await new Promise((done) => setTimeout(done, 750)); // the end of the program would close the connection
  } else {
    await tell({ value: value ?? null });
  }
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.constructor.name, message: error.message }) + "\n");
}
process.exit(0);
