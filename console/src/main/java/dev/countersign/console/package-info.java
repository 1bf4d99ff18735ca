/// The console: the chat's stand-in for a person, and the operator's screen. It holds a web session
/// per person and neither database logins nor admin credentials.
@NullMarked
package dev.countersign.console;

import org.jspecify.annotations.NullMarked;
