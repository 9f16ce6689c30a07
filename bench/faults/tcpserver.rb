# The server of many a tutorial: reads a head, answers, closes.
require "socket"

server = TCPServer.new("127.0.0.1", Integer(ARGV[0]))
trap("TERM") { exit }
loop do
  Thread.start(server.accept) do |client|
    line = client.gets
    nil until client.gets.to_s.strip.empty?
    status, body =
      line.to_s.start_with?("POST") ? ["413 Content Too Large", "early"] : ["200 OK", "file #{line[/\d+/]}"]
    client.write("HTTP/1.1 #{status}\r\nContent-Length: #{body.size}\r\nConnection: close\r\n\r\n#{body}")
    client.close
  rescue SystemCallError
    client.close
  end
end
