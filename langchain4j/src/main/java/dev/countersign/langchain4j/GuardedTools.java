package dev.countersign.langchain4j;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.ToolInfo;
import dev.countersign.agent.ToolList;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.service.tool.ToolProvider;
import dev.langchain4j.service.tool.ToolProviderRequest;
import dev.langchain4j.service.tool.ToolProviderResult;
import tools.jackson.databind.node.ObjectNode;

/// The tools that the person being acted for may see, for an AI service. Build the service without
/// `tools(…)`, and call it inside [dev.countersign.agent.Acting]; if it executes tools
/// concurrently, give it the executor of `Acting.carrying`. Threads may share it.
///
/// ```java
/// Assistant assistant =
///     AiServices.builder(Assistant.class).chatModel(model).toolProvider(new GuardedTools(client)).build();
/// String answer = Acting.forPerson(bearer).call(() -> assistant.chat(question));
/// ```
public final class GuardedTools implements ToolProvider {
  private final GuardedClient client;

  public GuardedTools(GuardedClient client) {
    this.client = client;
  }

  /// @throws UnavailableException if there is no list of tools
  @Override
  public ToolProviderResult provideTools(ToolProviderRequest request) {
    var provided = ToolProviderResult.builder();
    switch (client.listTools()) {
      case ToolList.Listed(var tools) ->
          tools.forEach(
              tool -> provided.add(specification(tool), (call, _) -> execute(call).forModel()));
      case ToolList.SignInRequired _ ->
          throw new UnavailableException("the person must sign in again", null);
      case ToolList.Failed(String reason) -> throw new UnavailableException(reason, null);
    }
    return provided.build();
  }

  private CallOutcome execute(ToolExecutionRequest call) {
    ObjectNode arguments;
    try {
      String text = call.arguments();
      arguments =
          text == null || text.isBlank() ? StrictJson.object() : StrictJson.parseObject(text);
    } catch (MalformedJsonException malformed) {
      return new CallOutcome.Failed(
          "invalid_arguments", "the arguments must be one JSON object", StrictJson.object());
    }
    return client.callTool(call.name(), arguments);
  }

  private static ToolSpecification specification(ToolInfo tool) {
    ObjectNode schema = tool.inputSchema();
    var parameters = JsonObjectSchema.builder();
    schema
        .path("properties")
        .properties()
        .forEach(property ->
            parameters.addProperty(
                property.getKey(), JsonRawSchema.from(StrictJson.write(property.getValue()))));
    parameters.required(
        schema.path("required").valueStream().map(name -> name.asString("")).toList());
    if (schema.path("additionalProperties").isBoolean()) {
      parameters.additionalProperties(schema.path("additionalProperties").booleanValue());
    }
    return ToolSpecification.builder()
        .name(tool.name())
        .description(tool.description())
        .parameters(parameters.build())
        .build();
  }
}
