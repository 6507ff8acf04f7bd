export class PortcullisError extends Error {
  constructor(name, code, message, options) {
    super(message, options);
    this.name = name;
    this.code = code;
  }
}

export class LoadError extends PortcullisError {
  constructor(message, options) {
    super("LoadError", "module_not_loaded", message, options);
  }
}

export class ConfigError extends PortcullisError {
  constructor(errors) {
    const lines = errors.map(({ pointer, message }) => `${pointer || "configuration"}: ${message}`);
    super("ConfigError", "config_invalid", lines.join("\n"));
    this.errors = errors;
  }
}

export class AuthError extends PortcullisError {
  constructor(code, message, options) {
    super("AuthError", code, message, options);
  }
}

// What the message, the code and the headers of a framework's own error page are made of: none of them says more than the
// refusal itself.
const OF_THE_BODY = ["content-type", "content-length"];

export class DeniedError extends PortcullisError {
  constructor(verdict) {
    super("DeniedError", "request_denied", "the request was refused");
    this.reason = verdict.reason;
    this.verdict = verdict;
    this.status = this.statusCode = verdict.status;
    this.headers = Object.fromEntries(verdict.headers.filter(([name]) => !OF_THE_BODY.includes(name)));
  }

  getResponse() {
    return toResponse(this.verdict);
  }
}

export class ArgumentError extends PortcullisError {
  constructor(message) {
    super("ArgumentError", "argument_invalid", message);
  }
}

export function toResponse(verdict) {
  if (verdict?.allowed !== false) {
    throw new ArgumentError(`only a refusal is a response: toResponse takes a verdict that is not allowed, not ${kind(verdict)}`);
  }
  return new Response(verdict.body, { status: verdict.status, headers: verdict.headers });
}

// What a wrong argument is, for messages. Never what is in it.
export function kind(value) {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  if (typeof value.allowed === "boolean") return value.allowed ? "an allowed verdict" : "a denied verdict";
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return name && name !== "Object" ? `an object of class ${name}` : "an object";
}
