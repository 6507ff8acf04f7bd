export class PortcullisError extends Error {
  constructor(name, code, message, options) {
    super(message, options);
    this.name = name;
    this.code = code;
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

export class ArgumentError extends PortcullisError {
  constructor(message) {
    super("ArgumentError", "argument_invalid", message);
  }
}
