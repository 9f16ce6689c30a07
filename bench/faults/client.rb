# Posts 3 MB, then gets a file on the same connection: `client.rb URL ROUNDS`.
# Prints how many files it asked for, how many it got rightly, and what the posts got.
require "net/http"

url, rounds = URI(ARGV[0]), Integer(ARGV[1])
body = "x" * 3_000_000
posts, right = Hash.new(0), 0
connect = -> { Net::HTTP.start(url.host, url.port, open_timeout: 10, read_timeout: 10, max_retries: 0) }
http = connect.call
rounds.times do |number|
  begin
    posts[http.post("#{url.path}/upload", body).code] += 1
  rescue SystemCallError, IOError, Timeout::Error, Net::ProtocolError => error
    posts[error.class.name] += 1
    http = connect.call
  end
  name = number % 10
  # A connection that the server has closed is no answer: every client asks again.
  2.times do
    answer = http.get("#{url.path}/#{name}.txt")
    right += 1 if answer.code == "200" && answer.body == "file #{name}"
    break
  rescue SystemCallError, IOError, Timeout::Error, Net::ProtocolError
    http = connect.call
  end
end
puts "#{rounds} #{right} #{posts.sort.map { |what, count| "#{what}: #{count}" }.join(" ")}"
