package dev.countersign.gateway;

import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Somebody else's MCP server as a program: older revisions, over standard input and output.
final class ProgramStandIn {
  private ProgramStandIn() {}

  static List<String> command() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        ProgramStandIn.class.getName());
  }

  public static void main(String[] arguments) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    output.println("a line that is no message");
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      ObjectNode request = StrictJson.parseObject(line);
      if (request.has("id") && request.has("method")) {
        output.println(StrictJson.write(answer(request)));
      }
    }
  }

  private static ObjectNode answer(ObjectNode request) {
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0");
    message.set("id", request.path("id"));
    switch (request.path("method").asString("")) {
      case "initialize" -> {
        ObjectNode result = message.putObject("result").put("protocolVersion", "2025-11-25");
        result.putObject("capabilities").putObject("tools");
        result.putObject("serverInfo").put("name", "program").put("version", "1");
      }
      case "tools/list" ->
          message
              .putObject("result")
              .putArray("tools")
              .addObject()
              .put("name", "environment")
              .put("description", "Tells what it was given.")
              .putObject("inputSchema")
              .put("type", "object");
      case "tools/call" -> {
        if (request.path("params").path("arguments").has("die")) {
          Runtime.getRuntime().halt(3);
        }
        boolean hasToken = "s3cr3t-of-the-vendor".equals(System.getenv("VENDOR_TOKEN"));
        message.set(
            "result", ServerStandIn.text("token " + hasToken + ", home " + System.getenv("HOME")));
      }
      default -> message.putObject("error").put("code", -32601).put("message", "not found");
    }
    return message;
  }
}
