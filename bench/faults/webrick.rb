# Refuses uploads without reading them, and has ten files.
require "webrick"

class Early < WEBrick::HTTPServlet::AbstractServlet
  def do_GET(request, response)
    response.body = "file #{request.path[/\d+/]}"
  end

  def do_POST(_request, response)
    response.status = 413
    response.body = "early"
    response.keep_alive = false
  end
end

server = WEBrick::HTTPServer.new(
  BindAddress: "127.0.0.1", Port: Integer(ARGV[0]), AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN)
)
server.mount("/", Early)
trap("TERM") { server.shutdown }
server.start
