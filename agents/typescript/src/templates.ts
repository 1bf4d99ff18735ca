import { readFileSync } from "node:fs";
import { TemplateError } from "./errors.ts";
import { canonical, digest, isObject, type Json, type JsonObject, member } from "./json.ts";

const PATH = /^=\s*args((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:"[^"\\]*"|'[^'\\]*'|[0-9]{1,6})\])+)\s*$/;
const STEP = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(?:"([^"]*)"|'([^']*)'|([0-9]+))\]/g;

/**
 * A JSON tree in which a text that starts with `=` names an argument: `=args.case_id`, `=args.payee["account-id"]`,
 * `=args.items[0]`. Everything else stands as it is.
 *
 * A gateway's templates may hold any CEL expression. An agent evaluates names only, the same in every language, and
 * refuses the rest: a tool that needs more is called in the mode `te`.
 */
export class RarTemplate {
  readonly #source: JsonObject[];

  constructor(template: unknown) {
    if (!Array.isArray(template) || template.length === 0) {
      throw malformed("a template must be a list of authorization details");
    }
    for (const element of template) {
      const type = member(element, "type");
      if (typeof type !== "string" || type === "" || type.startsWith("=")) {
        throw malformed("every element of a template needs a `type` that stands as it is");
      }
    }
    check(template as Json);
    this.#source = structuredClone(template) as JsonObject[];
  }

  /** What a pin holds. */
  get digest(): string {
    return digest(this.#source);
  }

  /** The details of one call. The schema's defaults stand in for arguments that were left out. */
  build(args: JsonObject, inputSchema?: unknown): JsonObject[] {
    const filled: JsonObject = { ...args };
    const properties = member(inputSchema, "properties");
    for (const [name, schema] of Object.entries(isObject(properties) ? properties : {})) {
      const value = member(schema, "default");
      if (value !== undefined && !Object.hasOwn(filled, name)) filled[name] = value;
    }
    const built = build(this.#source, filled) as JsonObject[];
    canonical(built); // refuses numbers that not every language holds exactly
    return built;
  }
}

function check(node: Json): void {
  if (typeof node === "string" && node.startsWith("=")) {
    if (!PATH.test(node)) {
      throw new TemplateError("a template holds an expression that is not just an argument", "unsupported_expression");
    }
  } else if (Array.isArray(node)) node.forEach(check);
  else if (isObject(node)) Object.values(node).forEach(check);
}

function build(node: Json, args: JsonObject): Json {
  if (Array.isArray(node)) return node.map((element) => build(element, args));
  if (isObject(node)) return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, build(value, args)]));
  return typeof node === "string" && node.startsWith("=") ? valueOf(node, args) : node;
}

function valueOf(expression: string, args: JsonObject): Json {
  const steps = [...(PATH.exec(expression)?.[1] ?? "").matchAll(STEP)].map((step) => step[1] ?? step[2] ?? step[3] ?? step[4] ?? "");
  let value: Json | undefined = args;
  for (const step of steps) {
    value = Array.isArray(value) ? (/^[0-9]+$/.test(step) ? value[Number(step)] : undefined) : member(value, step);
  }
  if (value === undefined) throw new TemplateError(`the call lacks the argument ${steps[0]}`, "missing_argument");
  return structuredClone(value);
}

/** The template of one tool, the scope to ask for, and the tool's schema for its defaults. */
export interface Chosen {
  readonly template: RarTemplate;
  readonly scope: string;
  readonly inputSchema: unknown;
}

/**
 * Which template a tool's calls are built from: the server's published one, held to a pinned digest, or a local one for
 * servers that publish none.
 *
 *     {"tools": {"process_refund": {"digest": "8Nqm…"},
 *                "pay": {"scope": "payment:write", "template": [{"type": "…", "amount": "=args.amount"}]}}}
 */
export class Templates {
  readonly #pins = new Map<string, string>();
  readonly #local = new Map<string, Chosen>();
  #trustsServer = false;

  constructor(file: unknown) {
    const tools = member(file, "tools");
    if (!isObject(tools)) throw malformed("the file of templates: `tools` must be an object");
    for (const [tool, entry] of Object.entries(tools)) this.#add(tool, entry);
  }

  #add(tool: string, entry: unknown): void {
    const [pin, template, scope] = ["digest", "template", "scope"].map((name) => member(entry, name));
    if (typeof pin === "string" && template === undefined) {
      this.#pins.set(tool, pin);
      return;
    }
    if (template === undefined || pin !== undefined) throw malformed(`tools.${tool} needs either \`digest\` or \`template\``);
    if (typeof scope !== "string" || scope.trim() === "") throw malformed(`tools.${tool}.scope must be a text`);
    this.#local.set(tool, { template: new RarTemplate(template), scope, inputSchema: member(entry, "inputSchema") });
  }

  /** Reads a file of templates and pins; a tool that it does not name is not called. */
  static read(path: string): Templates {
    let file: unknown;
    try {
      file = JSON.parse(readFileSync(path, "utf8"));
    } catch (failed) {
      if (failed instanceof SyntaxError) throw malformed("the file of templates is not JSON");
      throw failed;
    }
    return new Templates(file);
  }

  /**
   * Takes whatever the server publishes, so that the server decides what is asked for in the person's name. For
   * development, and where the server is one's own.
   */
  static trustingTheServer(): Templates {
    const templates = new Templates({ tools: {} });
    templates.#trustsServer = true;
    return templates;
  }

  /** The tool's template from the file, which needs no server. */
  local(tool: string): Chosen | undefined {
    return this.#local.get(tool);
  }

  /** The tool's published template, if it is the pinned one. */
  published(tool: string, definition: unknown): Chosen {
    const pin = this.#pins.get(tool);
    if (pin === undefined && !this.#trustsServer) {
      throw new TemplateError("the file of templates does not name this tool", "no_template");
    }
    const published = member(member(definition, "_meta"), "dev.countersign/rar");
    const scope = member(published, "scope");
    if (typeof scope !== "string" || scope.trim() === "") {
      throw new TemplateError("the server publishes no template for this tool", "no_template");
    }
    const template = new RarTemplate(member(published, "template"));
    if (template.digest !== member(published, "digest") || template.digest !== (pin ?? template.digest)) {
      throw new TemplateError("the published template is not the one that was reviewed", "digest_mismatch");
    }
    return { template, scope, inputSchema: member(definition, "inputSchema") };
  }
}

function malformed(message: string): TemplateError {
  return new TemplateError(message, "malformed_template");
}
