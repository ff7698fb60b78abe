/**
 * What a command is, and how its options are read: one table of options gives the parser and the help text.
 * Results go to standard output, everything else to standard error; `--json` makes the result one JSON value.
 */
import { parseArgs } from "node:util";
import { CodedError, product } from "@attune/protocol";
import { nearest } from "../base/nearest.ts";
import { type Config, readConfig, type SettingName } from "../config.ts";

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  help: string;
  /** Runs with what follows the command's name; resolves with the exit code. */
  run(argv: string[]): Promise<number>;
}

/** 0 done; 1 it failed; 2 it was asked wrongly; 3 a check found a difference; 130 interrupted. */
export const exitCodes = { done: 0, failed: 1, usage: 2, difference: 3, interrupted: 130 } as const;

export interface Option {
  /** Name of the value in the help; a flag has none. */
  value?: string | undefined;
  help: string;
  /** May be given more than once. */
  isMany?: boolean | undefined;
}

export type Options = Readonly<Record<string, Option>>;

const common = {
  data: { value: "DIR", help: "data directory (default ./.attune, or ATTUNE_DATA)" },
  tenant: { value: "NAME", help: "tenant; needed only where there are several" },
  set: { value: "NAME=VALUE", help: "a setting of docs/reference/settings.md", isMany: true },
  json: { help: "print the result as JSON" },
  help: { help: "print this" },
} as const satisfies Options;

export interface Given {
  config: Config;
  tenant: string | undefined;
  isJson: boolean;
  /** Text of an option; undefined when it was not given. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** A whole number within bounds. */
  integer(name: string, fallback: number, min: number, max: number): number;
  list(name: string): string[];
  operands: string[];
}

/** Reads the arguments of a command; whatever is wrong is a CodedError that says how to mend it. */
export function readOptions(
  command: string,
  own: Options,
  argv: string[],
  operandsMax: number,
): Given {
  const options: Options = { ...own, ...common };
  const { values, positionals } = parse(command, options, argv);
  if (positionals.length > operandsMax) {
    throw usage(command, `${JSON.stringify(positionals[operandsMax])} is one argument too many`);
  }
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    config: readConfig(process.env, settingsOf(command, values)),
    tenant: text("tenant"),
    isJson: values["json"] === true,
    text,
    flag: (name) => values[name] === true,
    list: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    integer: (name, fallback, min, max) => {
      const given = text(name);
      if (given === undefined) return fallback;
      const number = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
      if (number >= min && number <= max) return number;
      throw usage(
        command,
        `--${name} is ${JSON.stringify(given)}; give a whole number from ${min} to ${max}`,
      );
    },
    operands: positionals,
  };
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

function parse(
  command: string,
  options: Options,
  argv: string[],
): { values: Values; positionals: string[] } {
  const known = Object.entries(options).map(([name, option]) => [
    name,
    { type: option.value === undefined ? "boolean" : "string", multiple: option.isMany ?? false },
  ]);
  try {
    return parseArgs({
      args: argv,
      options: Object.fromEntries(known) as Record<
        string,
        { type: "boolean" | "string"; multiple: boolean }
      >,
      allowPositionals: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const name = /Unknown option '--?([^']+)'/.exec(message)?.[1];
    if (name === undefined) throw usage(command, message.split(". ")[0]!.replace(/\.$/, ""));
    const near = nearest(name, Object.keys(options));
    throw usage(
      command,
      `there is no option --${name}${near === undefined ? "" : `; did you mean --${near}?`}`,
    );
  }
}

function settingsOf(command: string, values: Values): Record<string, string> {
  const given: Record<string, string> = {};
  for (const entry of Array.isArray(values["set"]) ? (values["set"] as string[]) : []) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (name === undefined || value === undefined) {
      throw usage(command, `--set ${entry} has no value; write --set name=value`);
    }
    given[name] = value;
  }
  for (const name of ["data", "host", "port"] as const satisfies SettingName[]) {
    if (typeof values[name] === "string") given[name] = values[name];
  }
  return given;
}

export function usage(command: string, message: string): CodedError {
  const hint = `\`${product.command} ${command} --help\` lists the options.`;
  return new CodedError("option_invalid", `${message}${/[?.]$/.test(message) ? "" : "."} ${hint}`);
}

/** The help text of a command, from its options. */
export function helpOf(usageLine: string, about: string, own: Options): string {
  const rows = Object.entries({ ...own, ...common }).map(([name, option]: [string, Option]) => [
    `  --${name}${option.value === undefined ? "" : ` ${option.value}`}`,
    option.help,
  ]);
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  const lines = rows.map(([left, right]) => `${left!.padEnd(width)}${right}`);
  return `${product.command} ${usageLine}\n\n${about.trim()}\n\nOptions\n${lines.join("\n")}\n`;
}
